#include "fetch/mixed_dataset.hpp"

#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/file.hpp"
#include "core/fingerprint.hpp"
#include "core/random_id.hpp"
#include "index/dataset_folder.hpp"
#include "index/format_text.hpp"

namespace modyn::testing {
namespace {

std::uint64_t mixed(std::uint64_t key, std::uint64_t salt) noexcept {
  std::uint64_t x = key * 0x9E3779B97F4A7C15 + salt * 0xBF58476D1CE4E5B9 + 1;
  x ^= x >> 29;
  x *= 0x94D049BB133111EB;
  return x ^ (x >> 32);
}

void append(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  write_bytes(path, bytes, std::ios::app);
}

std::vector<std::byte> filler(std::uint64_t size) { return std::vector<std::byte>(size, std::byte{0xEE}); }

}  // namespace

MixedDataset::MixedDataset(std::optional<FixedRecordFormat> format) : format_(format) {
  std::filesystem::create_directories(root());
  core::create_folders(index::manifest_folder(dataset()));
  core::create_folders(index::segment_folder(dataset()));
  std::filesystem::create_directories(dataset() / "pushed");
  manifest_.dataset = core::random_id();
  manifest_.format = format ? index::format_text(*format) : "format=csv\n";
  segment_ = std::make_unique<index::SegmentBuilder>(0, 0);
}

std::filesystem::path MixedDataset::add_records(std::uint64_t samples) {
  const auto path = new_path(false);
  std::vector<std::byte> bytes;
  const index::PackedIntegers labels = labels_of_next(samples);
  for (std::uint64_t i = 0; i < samples; ++i) {
    sizes_.push_back(format_->sample_size());
    const Key key = static_cast<Key>(sizes_.size()) - 1;
    std::vector<std::byte> record = sample(key);
    const std::int64_t value = label(key);
    for (std::uint64_t byte = 0; byte < format_->label_size; ++byte) {
      const std::uint64_t place = format_->byte_order == ByteOrder::kLittle ? byte : format_->label_size - 1 - byte;
      record.insert(record.begin() + static_cast<std::ptrdiff_t>(format_->label_offset + byte),
                    static_cast<std::byte>(value >> (8 * place)));
    }
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  write_bytes(path, bytes);
  index::NewExtent extent;
  extent.file = register_file(path, false, true);
  extent.labels.push_back(labels);
  segment_->add_extent(std::move(extent));
  return path;
}

std::filesystem::path MixedDataset::add_pushed_samples(std::uint64_t samples) {
  const auto path = new_path(true);
  index::NewExtent extent;
  extent.kind = ExtentKind::kSamples;
  extent.base = 37;
  extent.labels.push_back(labels_of_next(samples));
  append(path, filler(extent.base));
  for (std::uint64_t i = 0; i < samples; ++i) {
    sizes_.push_back(format_->sample_size());
    append(path, sample(static_cast<Key>(sizes_.size()) - 1));
  }
  append(path, filler(11));
  extent.file = register_file(path, true, true);
  segment_->add_extent(std::move(extent));
  return path;
}

std::filesystem::path MixedDataset::add_rows(const std::vector<std::uint64_t>& sizes, bool owned) {
  return write_rows(0, sizes, owned);
}

std::filesystem::path MixedDataset::add_rows_behind(std::uint64_t hole, const std::vector<std::uint64_t>& sizes) {
  const auto path = new_path(false);
  write_bytes(path, {});
  std::filesystem::resize_file(path, hole);
  return write_rows(hole, sizes, false);
}

std::filesystem::path MixedDataset::write_rows(std::uint64_t base, const std::vector<std::uint64_t>& sizes,
                                               bool owned) {
  const auto path = new_path(owned);
  index::NewExtent extent;
  extent.kind = ExtentKind::kRows;
  extent.base = base;
  extent.labels.push_back(labels_of_next(sizes.size()));
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> lengths;
  std::vector<std::int64_t> cut_offsets;
  std::vector<std::int64_t> cut_lengths;
  std::vector<std::byte> bytes;
  for (const std::uint64_t size : sizes) {
    sizes_.push_back(size);
    const Key key = static_cast<Key>(sizes_.size()) - 1;
    std::vector<std::byte> row = sample(key);
    const std::uint64_t cut_offset = mixed(static_cast<std::uint64_t>(key), 3) % (size + 1);
    const std::uint64_t cut_length = mixed(static_cast<std::uint64_t>(key), 4) % 9;
    const auto cut = filler(cut_length);
    row.insert(row.begin() + static_cast<std::ptrdiff_t>(cut_offset), cut.begin(), cut.end());
    const auto between = filler(mixed(static_cast<std::uint64_t>(key), 5) % 3);
    bytes.insert(bytes.end(), between.begin(), between.end());
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    lengths.push_back(static_cast<std::int64_t>(row.size()));
    cut_offsets.push_back(static_cast<std::int64_t>(cut_offset));
    cut_lengths.push_back(static_cast<std::int64_t>(cut_length));
    bytes.insert(bytes.end(), row.begin(), row.end());
  }
  append(path, bytes);
  const auto packed = [](const std::vector<std::int64_t>& values) { return index::PackedIntegers(values); };
  extent.rows.push_back({packed(offsets), packed(lengths), packed(cut_offsets), packed(cut_lengths)});
  extent.file = register_file(path, owned, true);
  segment_->add_extent(std::move(extent));
  return path;
}

std::filesystem::path MixedDataset::add_files(const std::vector<std::uint64_t>& sizes) {
  const auto folder = root() / ("images-" + std::to_string(files_++));
  std::filesystem::create_directories(folder);
  index::NewExtent extent;
  extent.kind = ExtentKind::kFiles;
  extent.labels.push_back(labels_of_next(sizes.size()));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    sizes_.push_back(sizes[i]);
    const auto path = folder / (std::to_string(i) + ".img");
    write_bytes(path, sample(static_cast<Key>(sizes_.size()) - 1));
    const std::uint32_t number = register_file(path, false, false);
    if (i == 0) extent.file = number;
  }
  segment_->add_extent(std::move(extent));
  return folder;
}

std::shared_ptr<const Index> MixedDataset::commit() {
  ++manifest_.number;
  ++manifest_.sequence;
  manifest_.segments.push_back(segment_->publish(dataset(), manifest_.sequence, 1));
  manifest_.next_key += static_cast<Key>(segment_->samples());
  manifest_.next_file += segment_->files();
  index::publish_manifest(dataset(), manifest_);
  segment_ = std::make_unique<index::SegmentBuilder>(manifest_.next_key, manifest_.next_file);
  return Index::open(dataset());
}

std::vector<std::byte> MixedDataset::sample(Key key) const {
  std::vector<std::byte> bytes(sizes_[static_cast<std::size_t>(key)]);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(mixed(static_cast<std::uint64_t>(key), 100 + i / 8) >> (8 * (i % 8)));
  }
  return bytes;
}

std::int64_t MixedDataset::label(Key key) const {
  const std::uint64_t value = mixed(static_cast<std::uint64_t>(key), 2);
  if (!format_) return static_cast<std::int64_t>(value % 1'000'000) - 1000;
  const auto unused_bits = static_cast<int>(64 - 8 * format_->label_size);
  if (format_->label_signed) return static_cast<std::int64_t>(value << unused_bits) >> unused_bits;
  return static_cast<std::int64_t>((value >> 1) % (std::uint64_t{1} << (63 - unused_bits)));
}

std::filesystem::path MixedDataset::new_path(bool owned) const {
  const std::string name = std::to_string(files_);
  return owned ? dataset() / "pushed" / (name + ".log") : root() / (name + ".data");
}

std::uint32_t MixedDataset::register_file(const std::filesystem::path& path, bool owned, bool with_fingerprint) {
  set_mtime(path, 1'000'000'000 + ++files_);  // long ago, so that any change gives it another
  const core::Descriptor file = core::open_for_reading(path);
  const core::FileStatus status = core::file_status(file, path);
  SourceFile source{};
  source.path = std::filesystem::relative(path, owned ? dataset() : root());
  source.size = status.size;
  source.mtime_ns = status.mtime_ns;
  source.inode = status.inode;
  source.ingested_bytes = status.size;
  source.fingerprint = with_fingerprint ? core::fingerprint(file, status.size, path).value() : 0;
  source.owned = owned;
  return segment_->add_file(source);
}

// Of the samples that are about to be added.
index::PackedIntegers MixedDataset::labels_of_next(std::uint64_t samples) const {
  std::vector<std::int64_t> labels;
  for (std::uint64_t i = 0; i < samples; ++i) labels.push_back(label(static_cast<Key>(sizes_.size() + i)));
  return index::PackedIntegers(labels);
}

}  // namespace modyn::testing
