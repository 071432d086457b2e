// Formats of source files: what the bytes of a file say about its samples.
//
// A format is one class, registered under the name of its kind. It is handed a file as FileInput,
// never opens anything itself, and gives columns: a label for each sample, and, if the format has
// them, timestamps and the places of rows of any length. docs/adding-a-format.md shows how to write one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modyn/error.hpp"
#include "modyn/index.hpp"

namespace modyn {

// What a format throws to say why a file is not taken. Messages go on from "file 'a.csv' ": "has ...".

// The bytes are not what the format expects, and reading them again would find the same: the file
// waits in quarantine until it changes.
class BadContent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// More is to come: a last row without an end, a companion that is not there yet. Tried in every scan.
class IncompleteFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What was appended changes the meaning of bytes that were ingested before: a conflict.
class IngestedBytesChanged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The file is not what it was when it was found, shorter for example. Thrown by FileInput.
class FileChanged : public std::exception {};

// Where the samples of a format lie.
enum class SampleLayout {
  kRecords,  // records of one size (fixed_record)
  kRows,     // rows of any length: SampleBlock says where each lies
  kFiles,    // a whole file is one sample
};

// Columns of consecutive samples of one file. Every column that the format has holds one value for
// each sample; the others are empty. The memory stays the format's.
struct SampleBlock {
  std::span<const std::int64_t> labels{};
  std::span<const Timestamp> timestamps{};  // if FileFormat::has_timestamps()
  // If the layout is kRows: the row's first byte in the file and its length, and the part of the row
  // that does not belong to the sample (its label), counted from the row's first byte.
  std::span<const std::int64_t> offsets{};
  std::span<const std::int64_t> lengths{};
  std::span<const std::int64_t> cut_offsets{};
  std::span<const std::int64_t> cut_lengths{};
};

// Takes what a format reads.
class SampleSink {
 public:
  virtual ~SampleSink() = default;
  // The next samples of piece `piece`. The samples of a file are those of piece 0, then of piece 1, ...
  // Pieces may be taken in any order and by several threads, the blocks of one piece one after the other.
  virtual void take(std::uint64_t piece, const SampleBlock& block) = 0;
};

// The part of a file that is to be read.
class FileInput {
 public:
  virtual ~FileInput() = default;

  // Bytes of the file when it was found. What is appended later is left to the next scan.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Bytes before this one were ingested by earlier scans; 0 for a new file.
  [[nodiscard]] virtual std::uint64_t first_byte() const = 0;
  // Whether nobody has written to the file for a while. If not, its end may still be moving.
  [[nodiscard]] virtual bool is_quiet() const = 0;

  // Fills `out` with the bytes from `offset` on; they must lie before size(). Thread-safe.
  // FileChanged if the file ends before, Error kIo if it cannot be read.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;

  // Fills `out` with pieces of `width` bytes, one after the other, that begin `stride` bytes apart in the file: the
  // first at `offset`. What lies between them is not read where that is cheaper. Otherwise as read().
  virtual void read_strided(std::uint64_t offset, std::uint64_t stride, std::uint64_t width,
                            std::span<std::byte> out) const;

  // The companion (FileFormat::companion_extension) as it is now, IncompleteFile if there is none.
  // BadContent if it has more than `largest` bytes.
  [[nodiscard]] virtual std::vector<std::byte> read_companion(std::size_t largest) const = 0;
  // Its path, for messages.
  [[nodiscard]] virtual std::string companion_path() const = 0;

  // Calls work(0) ... work(pieces - 1), several at a time if there are threads. If several fail, the
  // failure with the lowest number is thrown.
  virtual void for_each_piece(std::uint64_t pieces, const std::function<void(std::uint64_t)>& work) const = 0;
};

class FileFormat {
 public:
  virtual ~FileFormat() = default;

  // The settings as text, which manifests record: make_format(text()) is the same format.
  [[nodiscard]] virtual std::string text() const = 0;
  [[nodiscard]] virtual SampleLayout layout() const = 0;
  // Whether every sample brings its own timestamp.
  [[nodiscard]] virtual bool has_timestamps() const { return false; }
  // The ending that replaces the file's own in the name of its companion, '.label' for example; empty: none.
  [[nodiscard]] virtual std::string companion_extension() const { return {}; }

  // About how many bytes of a file make one sample. Only bounds what is in memory at a time.
  [[nodiscard]] virtual std::uint64_t bytes_per_sample() const { return 16; }

  // Reads the samples from input.first_byte() to input.size() and gives them to `sink`. All of these
  // bytes are ingested when it returns. Thread-safe. Throws the errors above; then nothing is taken.
  virtual void read(const FileInput& input, SampleSink& sink) const = 0;

 protected:
  FileFormat() = default;
  FileFormat(const FileFormat&) = default;
  FileFormat& operator=(const FileFormat&) = default;
};

// The settings of a format as they are recorded: lines of name=value, the first of which is
// format=<kind>. In values, a line feed is written as \n, a carriage return as \r, a backslash as \\.
class FormatSettings {
 public:
  explicit FormatSettings(std::string kind) : kind_(std::move(kind)) {}
  // kInvalidArgument if the text has another form or repeats a name.
  [[nodiscard]] static FormatSettings parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& values() const noexcept { return values_; }

  FormatSettings& set(std::string name, std::string value);
  FormatSettings& set(std::string name, std::uint64_t value) { return set(std::move(name), std::to_string(value)); }

  // Each takes a setting away. kInvalidArgument if it is missing (where no optional is returned) or
  // has another form.
  [[nodiscard]] std::optional<std::string> take(std::string_view name);
  [[nodiscard]] std::optional<std::uint64_t> take_number(std::string_view name);
  [[nodiscard]] std::uint64_t take_required_number(std::string_view name);
  // True for `yes`, false for `no`.
  [[nodiscard]] std::optional<bool> take_choice(std::string_view name, std::string_view yes, std::string_view no);
  [[nodiscard]] bool take_required_choice(std::string_view name, std::string_view yes, std::string_view no);
  // kInvalidArgument that names a setting which nobody took.
  void check_all_taken() const;
  // kInvalidArgument: "format 'csv': <what>".
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  std::string kind_;
  std::vector<std::pair<std::string, std::string>> values_;
};

// Makes a format from its settings; takes all of them and checks that none is left.
using FormatFactory = std::function<std::shared_ptr<const FileFormat>(FormatSettings settings)>;

// Makes a kind known to this process. kInvalidArgument if another one has the name. Thread-safe.
void register_format(const std::string& kind, FormatFactory factory);
// The kinds that are known, by name.
[[nodiscard]] std::vector<std::string> format_kinds();
// kInvalidArgument if the kind is unknown or a setting is wrong, missing or unknown.
[[nodiscard]] std::shared_ptr<const FileFormat> make_format(std::string_view text);

}  // namespace modyn
