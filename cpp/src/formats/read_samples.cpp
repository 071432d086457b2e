#include "formats/read_samples.hpp"

#include "formats/memory_input.hpp"
#include "index/format_text.hpp"

namespace modyn::formats {
namespace {

// Takes a file whose pieces come one after the other.
class Collector final : public SampleSink {
 public:
  Collector(std::span<const std::byte> file, SampleLayout layout, const std::optional<FixedRecordFormat>& records)
      : file_(file), layout_(layout), records_(records) {}

  void take(std::uint64_t, const SampleBlock& block) override {
    samples_.labels.insert(samples_.labels.end(), block.labels.begin(), block.labels.end());
    samples_.timestamps.insert(samples_.timestamps.end(), block.timestamps.begin(), block.timestamps.end());
    for (std::size_t i = 0; i < block.labels.size(); ++i) {
      switch (layout_) {
        case SampleLayout::kRecords:
          take_sample(next_record_, records_->record_size, records_->label_offset, records_->label_size);
          next_record_ += records_->record_size;
          break;
        case SampleLayout::kRows:
          take_sample(number(block.offsets[i]), number(block.lengths[i]), number(block.cut_offsets[i]),
                      number(block.cut_lengths[i]));
          break;
        case SampleLayout::kFiles:
          take_sample(0, file_.size(), 0, 0);
          break;
      }
    }
  }

  [[nodiscard]] FileSamples samples() && { return std::move(samples_); }

 private:
  static std::size_t number(std::int64_t value) { return static_cast<std::size_t>(value); }

  void take_sample(std::size_t offset, std::size_t length, std::size_t cut_offset, std::size_t cut_length) {
    // A format that is written elsewhere may say anything.
    if (offset > file_.size() || length > file_.size() - offset || cut_offset > length ||
        cut_length > length - cut_offset) {
      throw BadContent("has a sample beyond its end, by its format");
    }
    const auto sample = file_.subspan(offset, length);
    const auto before = sample.first(cut_offset);
    const auto after = sample.subspan(cut_offset + cut_length);
    samples_.data.insert(samples_.data.end(), before.begin(), before.end());
    samples_.data.insert(samples_.data.end(), after.begin(), after.end());
    if (layout_ != SampleLayout::kRecords) samples_.lengths.push_back(length - cut_length);
  }

  std::span<const std::byte> file_;
  SampleLayout layout_;
  const std::optional<FixedRecordFormat>& records_;
  std::size_t next_record_ = 0;
  FileSamples samples_;
};

}  // namespace

FileSamples read_samples(const FileFormat& format, std::span<const std::byte> bytes,
                         const std::optional<std::string>& companion) {
  std::optional<FixedRecordFormat> records;
  if (format.layout() == SampleLayout::kRecords) {
    records = index::parse_fixed_records(format.text(), "");
    if (!records) throw Error(ErrorKind::kInvalidArgument, "a format of records that are not of one size");
  }
  MemoryInput input(bytes);
  if (companion) input.set_companion(*companion);
  Collector collector(bytes, format.layout(), records);
  format.read(input, collector);
  return std::move(collector).samples();
}

}  // namespace modyn::formats
