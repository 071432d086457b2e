#include "formats/single_sample.hpp"

#include <charconv>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/message.hpp"

namespace modyn::formats {
namespace {

// More than any label needs, with room for blanks.
constexpr std::size_t kLargestCompanion = 4096;
constexpr std::uint64_t kLargestSample = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kShown = 40;

}  // namespace

SingleSample::SingleSample(std::string label_file_extension) : label_file_extension_(std::move(label_file_extension)) {
  if (label_file_extension_.size() < 2 || label_file_extension_.front() != '.' ||
      label_file_extension_.find('/') != std::string::npos) {
    throw Error(ErrorKind::kInvalidArgument, "label_file_extension is " + core::quoted(label_file_extension_) +
                                                 ", must be a dot and an ending, as '.label'");
  }
}

std::string SingleSample::text() const {
  return FormatSettings("single_sample").set("label_file_extension", label_file_extension_).text();
}

void SingleSample::read(const FileInput& input, SampleSink& sink) const {
  if (input.size() > kLargestSample) {
    throw BadContent("has " + core::grouped(input.size()) + " bytes; a sample has at most " +
                     core::grouped(kLargestSample));
  }
  const std::int64_t label = parse_label_file(input.read_companion(kLargestCompanion), input.companion_path());
  sink.take(0, {.labels = std::span(&label, 1)});
}

std::int64_t parse_label_file(std::span<const std::byte> bytes, const std::string& path) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t first = all.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) throw IncompleteFile("has an empty label file " + core::quoted(path));
  const std::string_view text = all.substr(first, all.find_last_not_of(kBlanks) + 1 - first);
  const char* const end = text.data() + text.size();
  const char* const digits = text.front() == '+' && text.size() > 1 && text[1] != '-' ? text.data() + 1 : text.data();
  std::int64_t label = 0;
  const auto [stop, error] = std::from_chars(digits, end, label);
  if (error == std::errc() && stop == end) return label;
  const std::string shown = core::quoted(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
  throw BadContent("has a label file " + core::quoted(path) + " that holds " + shown +
                   (error == std::errc::result_out_of_range ? ", beyond the integers of 64 bits"
                                                            : ", where one decimal integer is expected"));
}

std::shared_ptr<const FileFormat> make_single_sample(FormatSettings settings) {
  auto extension = settings.take("label_file_extension");
  if (!extension) settings.refuse("the setting 'label_file_extension' is missing");
  settings.check_all_taken();
  return std::make_shared<SingleSample>(*std::move(extension));
}

}  // namespace modyn::formats
