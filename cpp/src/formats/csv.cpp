#include "formats/csv.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/message.hpp"
#include "formats/csv_fields.hpp"
#include "formats/csv_head.hpp"
#include "formats/csv_scanner.hpp"

namespace modyn::formats {
namespace {

// A window and the columns that come out of it stay in a core's own cache.
constexpr std::uint64_t kWindowBytes = 64U << 10U;
constexpr std::uint64_t kPieceBytes = 8U << 20U;

std::span<std::byte> bytes_of(std::string& text) { return std::as_writable_bytes(std::span(text)); }

char byte_at(const FileInput& input, std::uint64_t offset) {
  std::byte byte{};
  input.read(offset, std::span(&byte, 1));
  return static_cast<char>(byte);
}

// Reads all rows of one file, in pieces.
class CsvRead {
 public:
  CsvRead(const FileInput& input, SampleSink& sink, const CsvHead& head, std::uint64_t window)
      : input_(input), sink_(sink), rules_(head.rules), window_(window) {}

  // Rows that begin in [first, input.size()).
  void run(std::uint64_t first, std::uint64_t piece_bytes) {
    const std::uint64_t bytes = input_.size() - first;
    const std::uint64_t pieces = std::max<std::uint64_t>(1, bytes / piece_bytes);
    const auto begin_of = [&](std::uint64_t piece) {
      return piece == pieces ? input_.size() : first + piece * (bytes / pieces);
    };
    // Whether a piece begins within quotes follows from the number of quotes before it: in rows that
    // are well formed, every quote opens or closes. In others, the first fault is found all the same.
    std::vector<std::uint64_t> quotes(pieces, 0);
    if (rules_.characters.has_quote && pieces > 1) {
      input_.for_each_piece(pieces - 1, [&](std::uint64_t piece) {
        quotes[piece + 1] = count_quotes(begin_of(piece), begin_of(piece + 1));
      });
      for (std::uint64_t piece = 1; piece < pieces; ++piece) quotes[piece] += quotes[piece - 1];
    }
    input_.for_each_piece(pieces, [&](std::uint64_t piece) {
      const std::uint64_t begin = begin_of(piece);
      const std::uint64_t row = piece == 0 ? begin : next_row(begin, quotes[piece] % 2 == 1);
      read_rows(piece, row, begin_of(piece + 1));
    });
  }

 private:
  [[nodiscard]] std::uint64_t count_quotes(std::uint64_t first, std::uint64_t end) const {
    std::vector<std::byte> buffer(std::min(window_, end - first));
    std::uint64_t count = 0;
    for (; first < end; first += buffer.size()) {
      buffer.resize(std::min<std::uint64_t>(buffer.size(), end - first));
      input_.read(first, buffer);
      count += count_of(buffer, rules_.characters.quote);
    }
    return count;
  }

  // The first row that begins at `offset` or later.
  [[nodiscard]] std::uint64_t next_row(std::uint64_t offset, bool inside) const {
    if (!inside && byte_at(input_, offset - 1) == '\n') return offset;
    std::string buffer;
    for (; offset < input_.size(); offset += buffer.size()) {
      buffer.resize(std::min(window_, input_.size() - offset));
      input_.read(offset, bytes_of(buffer));
      for (std::size_t at = 0; at < buffer.size(); ++at) {
        if (rules_.characters.has_quote && buffer[at] == rules_.characters.quote) inside = !inside;
        if (buffer[at] == '\n' && !inside) return offset + at + 1;
      }
    }
    return offset;
  }

  // Rows that begin in [at, limit); `at` is the first of them.
  void read_rows(std::uint64_t piece, std::uint64_t at, std::uint64_t limit) const {
    CsvScanner scanner(rules_);
    // One byte more than is read at a time: for the line ending that the last row may lack.
    std::string window(window_ + 1, '\0');
    std::size_t filled = 0;
    while (at < limit) {
      const std::uint64_t left = input_.size() - at - filled;
      const std::size_t more = std::min<std::uint64_t>(window.size() - 1 - filled, left);
      input_.read(at + filled, bytes_of(window).subspan(filled, more));
      filled += more;
      const bool at_end = at + filled == input_.size();
      std::size_t length = filled;
      if (at_end && window[filled - 1] != '\n') window[length++] = '\n';
      const auto taken = scanner.scan(bytes_of(window).first(length), at,
                                      static_cast<std::size_t>(std::min<std::uint64_t>(limit - at, length)));
      if (!taken || (at_end && *taken < length && at + *taken < limit)) fail(at, window.substr(0, filled), at_end);
      sink_.take(piece, scanner.block());
      if (*taken >= filled && at_end) return;
      if (*taken == 0) {
        if (window.size() > kLongestRow) fail(at, window, at_end);
        window.resize(window.size() * 2);
      }
      at += *taken;
      filled -= *taken;
      std::copy_n(window.begin() + static_cast<std::ptrdiff_t>(*taken), filled, window.begin());
    }
  }

  // `text` begins with the row at `at`.
  [[noreturn]] void fail(std::uint64_t at, const std::string& text, bool at_end) const {
    // The half of a row that is still being written may look like anything.
    if (at_end && !input_.is_quiet() && split_last(text).in_quotes) {
      throw IncompleteFile("ends within a quoted field; it is taken when the field ends");
    }
    const std::optional<CsvFault> fault = find_fault(text, rules_, at_end);
    if (!fault) throw BadContent("has rows that cannot be read as CSV near byte " + core::grouped(at));
    std::string place = " in row " + core::grouped(row_number(at + fault->row));
    if (fault->column > 0) place += ", column " + core::grouped(std::uint64_t{fault->column});
    throw BadContent(fault->what + place + fault->rest);
  }

  [[nodiscard]] CsvRow split_last(const std::string& text) const {
    CsvRow row;
    for (std::size_t at = 0; at < text.size(); at += std::max<std::size_t>(row.end, 1)) {
      row = split_row(std::string_view(text).substr(at), rules_.characters);
      if (!row.wrong.empty()) break;
    }
    return row;
  }

  // As an editor counts: by lines, the header and empty ones included.
  [[nodiscard]] std::uint64_t row_number(std::uint64_t row) const {
    std::uint64_t lines = 1;
    std::vector<std::byte> buffer(std::min(kWindowBytes, row));
    for (std::uint64_t at = 0; at < row; at += buffer.size()) {
      buffer.resize(std::min<std::uint64_t>(buffer.size(), row - at));
      input_.read(at, buffer);
      lines += count_of(buffer, '\n');
    }
    return lines;
  }

  const FileInput& input_;
  SampleSink& sink_;
  CsvRules rules_;
  std::uint64_t window_;
};

// The first byte after what was ingested, past the line ending that the last row may have lacked then.
std::uint64_t after_ingested(const FileInput& input) {
  const std::uint64_t first = input.first_byte();
  const char last = byte_at(input, first - 1);
  if (last == '\n' || first == input.size()) return first;
  const char next = byte_at(input, first);
  if (next == '\n') return first + 1;
  if (next == '\r' && last != '\r') {
    if (first + 1 == input.size()) return first + 1;
    if (byte_at(input, first + 1) == '\n') return first + 2;
  }
  throw IngestedBytesChanged("was appended to within its last row, which was ingested without a line ending");
}

std::string text_of(const CsvColumn& column) {
  if (const auto* name = std::get_if<std::string>(&column)) return *name;
  return std::to_string(std::get<std::uint64_t>(column));
}

std::optional<CsvColumn> take_column(FormatSettings& settings, const std::string& what) {
  std::optional<std::string> name = settings.take(what + "_name");
  const std::optional<std::uint64_t> number = settings.take_number(what + "_column");
  if (name && number) settings.refuse(what + "_name and " + what + "_column exclude each other");
  if (name) return CsvColumn(*std::move(name));
  if (number) return CsvColumn(*number);
  return std::nullopt;
}

std::optional<char> take_character(FormatSettings& settings, const std::string& name) {
  const std::optional<std::string> text = settings.take(name);
  if (!text || text->empty()) return std::nullopt;
  if (text->size() > 1) settings.refuse(name + " is " + core::quoted(*text) + ", must be one byte");
  return text->front();
}

void check_character(const char* name, char character) {
  if (character == '\n' || character == '\r' || character == '\0') {
    throw Error(ErrorKind::kInvalidArgument, std::string(name) + " cannot be a line ending or a zero byte, is " +
                                                 core::quoted(std::string_view(&character, 1)));
  }
}

}  // namespace

Csv::Csv(CsvSettings settings) : settings_(std::move(settings)) {
  const CsvCharacters& characters = settings_.characters;
  check_character("separator", characters.separator);
  if (characters.has_quote) {
    check_character("quote", characters.quote);
    if (characters.quote == characters.separator) {
      throw Error(
          ErrorKind::kInvalidArgument,
          "separator and quote are both " + core::quoted(std::string_view(&characters.quote, 1)) + ", must differ");
    }
  }
  const auto check_column = [this](const CsvColumn& column) {
    const auto* name = std::get_if<std::string>(&column);
    if (name == nullptr || settings_.header) return;
    throw Error(ErrorKind::kInvalidArgument,
                "column " + core::quoted(*name) + " is given by its name, but the files have no header");
  };
  check_column(settings_.label);
  if (settings_.timestamp) check_column(*settings_.timestamp);
}

std::string Csv::text() const {
  FormatSettings settings("csv");
  const auto set_column = [&](const std::string& what, const CsvColumn& column) {
    const bool by_name = std::holds_alternative<std::string>(column);
    settings.set(what + (by_name ? "_name" : "_column"), text_of(column));
  };
  settings.set("separator", std::string(1, settings_.characters.separator));
  settings.set("quote", settings_.characters.has_quote ? std::string(1, settings_.characters.quote) : "");
  settings.set("header", std::string(settings_.header ? "true" : "false"));
  settings.set("encoding", std::string(settings_.utf8 ? "utf-8" : "latin-1"));
  set_column("label", settings_.label);
  if (settings_.timestamp) set_column("timestamp", *settings_.timestamp);
  return settings.text();
}

void Csv::read(const FileInput& input, SampleSink& sink) const { read(input, sink, kWindowBytes, kPieceBytes); }

void Csv::read(const FileInput& input, SampleSink& sink, std::uint64_t window, std::uint64_t piece) const {
  if (input.size() == 0) return;
  const bool appended = input.first_byte() > 0;
  std::uint64_t first = appended ? after_ingested(input) : 0;
  if (first == input.size()) return;
  if (!input.is_quiet() && byte_at(input, input.size() - 1) != '\n') {
    throw IncompleteFile("ends within a line; it is taken when the line ends or nobody writes to the file any more");
  }
  const std::optional<CsvHead> head = read_head(input, settings_);
  if (!head) return;
  first = std::max(first, head->first_row);
  if (first < input.size()) CsvRead(input, sink, *head, window).run(first, piece);
}

std::shared_ptr<const FileFormat> make_csv(FormatSettings settings) {
  CsvSettings csv;
  csv.characters.separator = take_character(settings, "separator").value_or(',');
  const std::optional<char> quote = take_character(settings, "quote");
  csv.characters.has_quote = quote.has_value();
  csv.characters.quote = quote.value_or('"');
  csv.header = settings.take_choice("header", "true", "false").value_or(false);
  csv.utf8 = settings.take_choice("encoding", "utf-8", "latin-1").value_or(true);
  const std::optional<CsvColumn> label = take_column(settings, "label");
  if (!label) settings.refuse("label_column or label_name is missing");
  csv.label = *label;
  csv.timestamp = take_column(settings, "timestamp");
  settings.check_all_taken();
  return std::make_shared<Csv>(std::move(csv));
}

}  // namespace modyn::formats
