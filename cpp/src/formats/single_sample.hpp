// One sample a file, its label as text in a companion file beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "modyn/format.hpp"

namespace modyn::formats {

// The companion holds a decimal integer; blanks and line ends around it do not count. The sample
// file itself is never opened at ingest.
class SingleSample final : public FileFormat {
 public:
  // kInvalidArgument unless the ending is a dot and a name.
  explicit SingleSample(std::string label_file_extension);

  [[nodiscard]] std::string text() const override;
  [[nodiscard]] SampleLayout layout() const override { return SampleLayout::kFiles; }
  [[nodiscard]] std::string companion_extension() const override { return label_file_extension_; }
  void read(const FileInput& input, SampleSink& sink) const override;

 private:
  std::string label_file_extension_;
};

// The integer that the bytes of a companion hold. IncompleteFile if there is none yet, BadContent if
// it is something else; `path` names the companion in the message.
[[nodiscard]] std::int64_t parse_label_file(std::span<const std::byte> bytes, const std::string& path);

[[nodiscard]] std::shared_ptr<const FileFormat> make_single_sample(FormatSettings settings);

}  // namespace modyn::formats
