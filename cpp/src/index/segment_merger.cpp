#include "index/segment_merger.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "core/column_file_layout.hpp"
#include "index/dataset_folder.hpp"
#include "index/deletions.hpp"

namespace modyn::index {
namespace {

constexpr std::uint64_t kBlock = 32768;

// The smallest and the largest number that columns of some types can hold.
class TypeRange {
 public:
  void add(const IntegerColumn* column) {
    if (column == nullptr) return;
    column->visit([this]<typename T>(const Column<T>&) {
      smallest_ =
          std::min(smallest_, static_cast<std::int64_t>(std::is_signed_v<T> ? std::numeric_limits<T>::min() : 0));
      largest_ = std::max(largest_, sizeof(T) == 8 ? std::numeric_limits<std::int64_t>::max()
                                                   : static_cast<std::int64_t>(std::numeric_limits<T>::max()));
      // 64 bits are read by their bits, whatever their sign.
      if (sizeof(T) == 8) smallest_ = std::numeric_limits<std::int64_t>::min();
    });
  }
  [[nodiscard]] ColumnType type() const { return narrowest_type(smallest_, largest_); }

 private:
  std::int64_t smallest_ = 0;
  std::int64_t largest_ = 0;
};

// Writes numbers in a type that holds them.
class NumberSink {
 public:
  NumberSink(const ColumnFileWriter::Sink& sink, ColumnType type) : sink_(sink), type_(type) {}

  void write(std::span<const std::int64_t> values) {
    buffer_.resize(values.size() * width_of(type_));
    convert(values, type_, buffer_);
    sink_(buffer_);
  }

 private:
  const ColumnFileWriter::Sink& sink_;
  ColumnType type_;
  std::vector<std::byte> buffer_;
};

// Calls action(first row, numbers) for all blocks of a column; zeros if there is no column.
template <typename Action>
void for_each_block(const IntegerColumn* column, std::uint64_t rows, Action action) {
  std::vector<std::int64_t> values(std::min(kBlock, rows));
  for (std::uint64_t first = 0; first < rows; first += kBlock) {
    const auto block = std::span(values).first(std::min(kBlock, rows - first));
    if (column != nullptr) column->read(first, block);
    action(first, block);
  }
}

const IntegerColumn* if_present(const OptionalIntegerColumn& column) {
  return column.present() ? &column.column() : nullptr;
}

}  // namespace

SegmentMerger::SegmentMerger(const std::filesystem::path& dataset, std::span<const SegmentEntry> entries)
    : dataset_(dataset) {
  for (const SegmentEntry& entry : entries) inputs_.push_back(std::make_unique<const Segment>(dataset, entry));
  merged_ = summarize();
  collect_updates();
  collect_folders();
  collect_commits();
}

SegmentEntry SegmentMerger::summarize() const {
  SegmentEntry merged;
  merged.first_key = inputs_.front()->entry().first_key;
  merged.first_file = inputs_.front()->entry().first_file;
  for (const auto& input : inputs_) {
    const SegmentEntry& entry = input->entry();
    merged.sequence = std::max(merged.sequence, entry.sequence);
    merged.files += entry.files;
    merged.extents += entry.extents;
    if (entry.samples == 0) continue;
    const bool first = merged.samples == 0;
    merged.first_timestamp = first ? entry.first_timestamp : std::min(merged.first_timestamp, entry.first_timestamp);
    merged.last_timestamp = first ? entry.last_timestamp : std::max(merged.last_timestamp, entry.last_timestamp);
    merged.samples += entry.samples;
  }
  return merged;
}

void SegmentMerger::collect_updates() {
  std::vector<Update> updates;
  for (std::uint32_t input = 0; input < inputs_.size(); ++input) {
    const auto files = inputs_[input]->updated_files();
    for (std::uint64_t row = 0; row < files.size(); ++row) updates.push_back({files[row], input, row});
  }
  // The latest of each file.
  std::ranges::sort(updates, [](const Update& a, const Update& b) {
    return a.file != b.file ? a.file < b.file : std::pair(a.input, a.row) > std::pair(b.input, b.row);
  });
  const auto repeated = std::ranges::unique(updates, {}, &Update::file);
  updates.erase(repeated.begin(), repeated.end());
  for (const Update& update : updates) {
    (update.file < merged_.first_file ? foreign_updates_ : own_updates_).push_back(update);
  }
  for (const Update& update : foreign_updates_) updated_files_.push_back(update.file);
}

void SegmentMerger::collect_folders() {
  std::unordered_map<std::string, std::uint32_t> numbers;
  const auto number_of = [&](std::string_view folder) {
    const auto [entry, is_new] = numbers.try_emplace(std::string(folder), static_cast<std::uint32_t>(numbers.size()));
    if (is_new) folders_.add(folder);
    return entry->second;
  };
  for (const auto& input : inputs_) {
    auto& of_input = folder_numbers_.emplace_back();
    const core::StringColumn* folders = input->folders();
    if (folders == nullptr) {
      of_input.push_back(number_of(""));
      continue;
    }
    for (std::uint64_t folder = 0; folder < folders->size(); ++folder)
      of_input.push_back(number_of((*folders)[folder]));
  }
}

void SegmentMerger::collect_commits() {
  for (const auto& input : inputs_) {
    if (input->entry().samples == 0) continue;
    const Segment::Commits& commits = input->commits();
    for (std::size_t i = 0; i < commits.sequence.size(); ++i) {
      // A large commit has several segments.
      if (!commit_sequences_.empty() && commit_sequences_.back() == commits.sequence[i]) continue;
      commit_sequences_.push_back(commits.sequence[i]);
      commit_first_keys_.push_back(commits.first_key[i]);
    }
  }
}

void SegmentMerger::add_paths(ColumnFileWriter& writer) {
  folders_.add_to(writer, "folder");
  const auto folders = static_cast<std::int64_t>(folders_.size());
  const ColumnType type = narrowest_type(0, std::max<std::int64_t>(folders - 1, 0));
  writer.add_streamed("file_folder", type, merged_.files, [this, type](const ColumnFileWriter::Sink& sink) {
    NumberSink numbers(sink, type);
    for (std::size_t input = 0; input < inputs_.size(); ++input) {
      const std::vector<std::uint32_t>& of_input = folder_numbers_[input];
      const Segment& segment = *inputs_[input];
      for_each_block(segment.file_folder(), segment.entry().files, [&](std::uint64_t, std::span<std::int64_t> block) {
        for (std::int64_t& folder : block) {
          if (static_cast<std::uint64_t>(folder) >= of_input.size()) {
            core::throw_corrupt(segment.file().path(), "a file lies in a folder that is not there");
          }
          folder = of_input[static_cast<std::size_t>(folder)];
        }
        numbers.write(block);
      });
    }
  });

  std::uint64_t bytes = 0;
  for (const auto& input : inputs_) bytes += input->file().size("file_path");
  writer.add_streamed("file_path_end", ColumnType::kUint64, merged_.files, [this](const ColumnFileWriter::Sink& sink) {
    std::uint64_t before = 0;
    std::vector<std::uint64_t> shifted;
    for (const auto& input : inputs_) {
      const auto ends = input->file().column<std::uint64_t>("file_path_end");
      for (std::uint64_t first = 0; first < ends.size(); first += kBlock) {
        const auto block = ends.read(first, std::min(kBlock, ends.size() - first));
        shifted.assign(block.begin(), block.end());
        for (std::uint64_t& end : shifted) end += before;
        sink(std::as_bytes(std::span(shifted)));
      }
      before += input->file().size("file_path");
    }
  });
  writer.add_streamed("file_path", ColumnType::kUint8, bytes, [this](const ColumnFileWriter::Sink& sink) {
    for (const auto& input : inputs_) {
      const auto names = input->file().column<std::uint8_t>("file_path");
      for (std::uint64_t first = 0; first < names.size(); first += kBlock) {
        sink(std::as_bytes(names.read(first, std::min(kBlock, names.size() - first))));
      }
    }
  });
}

// The state of files: what their segment says, or the latest update.
void SegmentMerger::add_file_column(ColumnFileWriter& writer, const std::string& name, const ColumnOf& of_files,
                                    const ColumnOf& of_updates) {
  TypeRange range;
  TypeRange range_of_updates;
  bool present = false;
  bool present_in_updates = false;
  for (const auto& input : inputs_) {
    range.add(of_files(*input));
    range.add(of_updates(*input));
    range_of_updates.add(of_updates(*input));
    present = present || of_files(*input) != nullptr || of_updates(*input) != nullptr;
    present_in_updates = present_in_updates || of_updates(*input) != nullptr;
  }
  const auto value_of = [this, of_updates](const Update& update) {
    const IntegerColumn* column = of_updates(*inputs_[update.input]);
    return column == nullptr ? 0 : (*column)[update.row];
  };
  if (present) {
    const ColumnType type = range.type();
    writer.add_streamed("file" + name, type, merged_.files, [=, this](const ColumnFileWriter::Sink& sink) {
      NumberSink numbers(sink, type);
      auto update = own_updates_.begin();
      for (const auto& input : inputs_) {
        const std::uint64_t first_file = input->entry().first_file;
        for_each_block(of_files(*input), input->entry().files, [&](std::uint64_t row, std::span<std::int64_t> block) {
          if (of_files(*input) == nullptr) std::ranges::fill(block, 0);
          for (; update != own_updates_.end() && update->file < first_file + row + block.size(); ++update) {
            block[update->file - first_file - row] = value_of(*update);
          }
          numbers.write(block);
        });
      }
    });
  }
  if (present_in_updates) {
    const ColumnType type = range_of_updates.type();
    writer.add_streamed("update" + name, type, foreign_updates_.size(), [=, this](const ColumnFileWriter::Sink& sink) {
      NumberSink numbers(sink, type);
      std::vector<std::int64_t> block;
      for (std::size_t first = 0; first < foreign_updates_.size(); first += kBlock) {
        block.clear();
        const std::size_t end = std::min<std::size_t>(foreign_updates_.size(), first + kBlock);
        for (std::size_t i = first; i < end; ++i) block.push_back(value_of(foreign_updates_[i]));
        numbers.write(block);
      }
    });
  }
}

void SegmentMerger::add_files(ColumnFileWriter& writer) {
  writer.add<std::uint32_t>("update_file", updated_files_);
  const auto add = [&](const std::string& name, IntegerColumn FileColumns::* member) {
    add_file_column(
        writer, name, [member](const Segment& segment) { return &(segment.files().*member); },
        [member](const Segment& segment) { return &(segment.updates().*member); });
  };
  const auto add_optional = [&](const std::string& name, OptionalIntegerColumn FileColumns::* member) {
    add_file_column(
        writer, name, [member](const Segment& segment) { return if_present(segment.files().*member); },
        [member](const Segment& segment) { return if_present(segment.updates().*member); });
  };
  add("_size", &FileColumns::size);
  add("_mtime_ns", &FileColumns::mtime_ns);
  add("_inode", &FileColumns::inode);
  add("_ingested_bytes", &FileColumns::ingested_bytes);
  add("_fingerprint", &FileColumns::fingerprint);
  add_optional("_companion", &FileColumns::companion);
  add_optional("_owned", &FileColumns::owned);
}

// `values_of` gives the span of an input; an empty one stands for zeros.
template <typename T, typename Values>
void SegmentMerger::add_extent_column(ColumnFileWriter& writer, const std::string& name, Values values_of) {
  writer.add_streamed(name, column_type<T>(), merged_.extents, [this, values_of](const ColumnFileWriter::Sink& sink) {
    for (const auto& input : inputs_) {
      const auto values = values_of(input->extents());
      if (!values.empty()) {
        sink(std::as_bytes(values));
      } else {
        const std::vector<T> zeros(input->entry().extents);
        sink(std::as_bytes(std::span(zeros)));
      }
    }
  });
}

void SegmentMerger::add_extents(ColumnFileWriter& writer) {
  add_extent_column<Key>(writer, "extent_first_key", [](const Extents& extents) { return extents.first_key; });
  add_extent_column<std::uint32_t>(writer, "extent_file", [](const Extents& extents) { return extents.file; });
  add_extent_column<std::uint64_t>(writer, "extent_first_record",
                                   [](const Extents& extents) { return extents.first_record; });
  add_extent_column<Timestamp>(writer, "extent_timestamp", [](const Extents& extents) { return extents.timestamp; });
  const auto any = [this](auto present) {
    return std::ranges::any_of(inputs_, [&](const auto& input) { return present(input->extents()); });
  };
  if (any([](const Extents& extents) { return !extents.kind.empty(); })) {
    add_extent_column<std::uint8_t>(writer, "extent_kind", [](const Extents& extents) { return extents.kind; });
  }
  if (any([](const Extents& extents) { return !extents.base.empty(); })) {
    add_extent_column<std::uint64_t>(writer, "extent_base", [](const Extents& extents) { return extents.base; });
  }
  if (any([](const Extents& extents) { return !extents.last.empty(); })) {
    add_extent_column<Timestamp>(writer, "extent_last", [](const Extents& extents) {
      return extents.last.empty() ? extents.timestamp : extents.last;
    });
  }
}

// Left out if no input has it.
void SegmentMerger::add_sample_column(ColumnFileWriter& writer, const std::string& name, const ColumnOf& column_of) {
  TypeRange range;
  for (const auto& input : inputs_) range.add(column_of(*input));
  const auto has = [&](const auto& input) { return column_of(*input) != nullptr; };
  if (std::ranges::none_of(inputs_, has)) return;
  const ColumnType type = range.type();
  writer.add_streamed(name, type, merged_.samples, [this, type, column_of](const ColumnFileWriter::Sink& sink) {
    NumberSink numbers(sink, type);
    for (const auto& input : inputs_) {
      for_each_block(column_of(*input), input->entry().samples,
                     [&](std::uint64_t, std::span<const std::int64_t> block) { numbers.write(block); });
    }
  });
}

void SegmentMerger::add_samples(ColumnFileWriter& writer) {
  add_sample_column(writer, "label", [](const Segment& segment) { return &segment.labels(); });
  add_sample_column(writer, "later", [](const Segment& segment) -> const IntegerColumn* {
    return segment.has_timestamps() ? &segment.later() : nullptr;
  });
  const auto add_row_column = [&](const std::string& name, IntegerColumn RowColumns::* member) {
    add_sample_column(writer, name, [member](const Segment& segment) -> const IntegerColumn* {
      return segment.has_rows() ? &(segment.rows().*member) : nullptr;
    });
  };
  add_row_column("row_offset", &RowColumns::offset);
  add_row_column("row_length", &RowColumns::length);
  add_row_column("row_cut_offset", &RowColumns::cut_offset);
  add_row_column("row_cut_length", &RowColumns::cut_length);
}

DeletionEntry SegmentMerger::publish_deletions(std::uint64_t manifest, std::uint64_t epoch) const {
  const auto has = [](const auto& input) { return input->deletions() != nullptr; };
  if (std::ranges::none_of(inputs_, has)) return {};
  DeletionBitmap deleted(merged_.samples);
  Timestamp first = std::numeric_limits<Timestamp>::max();
  Timestamp last = std::numeric_limits<Timestamp>::min();
  for (const auto& input : inputs_) {
    const SegmentEntry& entry = input->entry();
    if (has(input))
      deleted.add(*input->deletions(), entry.samples, static_cast<std::uint64_t>(entry.first_key - merged_.first_key));
    if (entry.live_samples() == 0) continue;
    first = std::min(first, has(input) ? entry.deletions.first_timestamp : entry.first_timestamp);
    last = std::max(last, has(input) ? entry.deletions.last_timestamp : entry.last_timestamp);
  }
  DeletionEntry written = deleted.publish(dataset_, manifest, epoch);
  if (first <= last) {
    written.first_timestamp = first;
    written.last_timestamp = last;
  }
  return written;
}

SegmentEntry SegmentMerger::publish(std::uint64_t manifest, std::uint64_t epoch) {
  ColumnFileWriter writer(FileKind::kSegment);
  writer.require_version(2);  // who does not know of commits takes all samples for those of the last one
  add_paths(writer);
  add_files(writer);
  add_extents(writer);
  add_samples(writer);
  writer.add<std::uint64_t>("commit_sequence", commit_sequences_);
  writer.add<Key>("commit_first_key", commit_first_keys_);

  merged_.name = new_segment_name(merged_.sequence, epoch);
  const auto path = segment_folder(dataset_) / merged_.name;
  writer.publish(path);
  const auto written = ColumnFile::open(path, FileKind::kSegment);
  merged_.digest = written->digest();
  merged_.bytes = written->bytes();
  merged_.deletions = publish_deletions(manifest, epoch);
  return merged_;
}

}  // namespace modyn::index
