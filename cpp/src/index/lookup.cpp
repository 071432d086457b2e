// What the index says about keys: batch by batch, each resolved as a whole before its columns are read.
#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"
#include "index/index_state.hpp"
#include "index/segment.hpp"
#include "modyn/index.hpp"

namespace modyn {
namespace {

using index::Extents;
using index::Found;
using index::Segment;

constexpr std::size_t kBatch = index::Bounds::kMaxBatch;

void check_output(std::size_t keys, std::size_t out) {
  if (keys != out) {
    throw Error(ErrorKind::kInvalidArgument, "room for " + core::grouped(std::uint64_t{out}) + " results, needed for " +
                                                 core::grouped(std::uint64_t{keys}) + " keys");
  }
}

// Keys that are looked up together.
class Batch {
 public:
  explicit Batch(const Index::State& state) : state_(state), starts_(state.filled.size() + 1) {}

  // kUnknownKey, naming those of `all` that are missing or deleted, if one of `keys` is.
  void set(std::span<const Key> keys, std::span<const Key> all) {
    keys_ = keys;
    const auto segments = std::span(segments_).first(keys.size());
    if (!state_.find_segments(keys, segments) || state_.any_deleted(keys, segments)) state_.throw_unknown_keys(all);
  }
  void find_extents() {
    if (locator_ == nullptr) locator_ = &state_.locator();
    locator_->find(keys_, std::span(segments_).first(keys_.size()), std::span(found_).first(keys_.size()));
  }

  [[nodiscard]] std::span<const Key> keys() const noexcept { return keys_; }
  [[nodiscard]] const Found& found(std::size_t i) const { return found_[i]; }
  [[nodiscard]] const Extents& extents(std::size_t i) const { return locator_->extents(found_[i].segment); }

  // Calls action(segment, places in the batch) for each segment that has some of the keys.
  template <typename Action>
  void for_each_segment(Action action);

 private:
  const Index::State& state_;
  const index::Locator* locator_ = nullptr;
  std::span<const Key> keys_;
  std::array<std::uint32_t, kBatch> segments_;
  std::array<Found, kBatch> found_;
  std::array<std::uint16_t, kBatch> order_;
  std::vector<std::uint32_t> starts_;
};

template <typename Action>
void Batch::for_each_segment(Action action) {
  const auto segments = std::span<const std::uint32_t>(segments_).first(keys_.size());
  const auto order = std::span(order_).first(keys_.size());
  if (std::ranges::count(segments, segments.front()) == std::ssize(segments)) {
    std::iota(order.begin(), order.end(), std::uint16_t{0});
    action(*state_.filled[segments.front()], std::span<const std::uint16_t>(order));
    return;
  }
  // Counts, then places: keys of one segment stay in the order of the batch.
  std::ranges::fill(starts_, 0);
  for (const std::uint32_t segment : segments) ++starts_[segment + 1];
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  for (std::size_t i = 0; i < segments.size(); ++i) order[starts_[segments[i]]++] = static_cast<std::uint16_t>(i);
  std::uint32_t begin = 0;
  for (std::size_t segment = 0; segment + 1 < starts_.size(); ++segment) {
    const std::uint32_t end = starts_[segment];
    if (begin != end)
      action(*state_.filled[segment], std::span<const std::uint16_t>(order).subspan(begin, end - begin));
    begin = end;
  }
}

// Calls action(batch, index of its first key) for all keys.
template <typename Action>
void for_each_batch(const Index::State& state, std::span<const Key> keys, Action action) {
  if (keys.empty()) return;
  Batch batch(state);
  for (std::size_t first = 0; first < keys.size(); first += kBatch) {
    batch.set(keys.subspan(first, std::min(kBatch, keys.size() - first)), keys);
    action(batch, first);
  }
}

// The rows of some of a segment's keys, and what its columns hold there.
class Rows {
 public:
  void clear() { count_ = 0; }
  void add(std::uint64_t row, std::uint16_t place) {
    rows_[count_] = row;
    places_[count_] = place;
    ++count_;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint16_t place(std::size_t i) const { return places_[i]; }

  using Values = std::array<std::int64_t, kBatch>;
  void gather(const index::IntegerColumn& column, Values& values) const {
    column.gather(std::span(rows_).first(count_), std::span(values).first(count_));
  }

 private:
  std::array<std::uint64_t, kBatch> rows_;
  std::array<std::uint16_t, kBatch> places_;
  std::size_t count_ = 0;
};

// Places of the keys of one batch, kind by kind.
class PlaceFinder {
 public:
  explicit PlaceFinder(const Index::State& state)
      : state_(state), format_(state.fixed_records ? &*state.fixed_records : nullptr) {}

  void find(Batch& batch, std::span<Place> out) {
    batch.for_each_segment([&](const Segment& segment, std::span<const std::uint16_t> places) {
      if (segment.extents().kind.empty()) return find_records(batch, segment, places, out);
      rows_.clear();
      files_.clear();
      for (const std::uint16_t i : places) find_one(batch, segment, i, out);
      if (rows_.count() > 0) find_rows(batch, segment, out);
      if (files_.count() > 0) find_files(segment, out);
    });
  }

 private:
  // Where all extents are of records, as most are.
  void find_records(const Batch& batch, const Segment& segment, std::span<const std::uint16_t> places,
                    std::span<Place> out) {
    const FixedRecordFormat format = format_of(segment);
    const Extents& extents = segment.extents();
    const Place like{0, 0, static_cast<std::uint32_t>(format.record_size),
                     static_cast<std::uint32_t>(format.label_offset), static_cast<std::uint32_t>(format.label_size)};
    for (const std::uint16_t i : places) {
      const Found& found = batch.found(i);
      const auto within = static_cast<std::uint64_t>(batch.keys()[i] - found.first_key);
      Place place = like;
      place.offset = (extents.first_record[found.extent] + within) * format.record_size;
      place.file = extents.file[found.extent];
      out[i] = place;
    }
  }

  void find_one(const Batch& batch, const Segment& segment, std::uint16_t i, std::span<Place> out) {
    const Found& found = batch.found(i);
    const Extents& extents = batch.extents(i);
    const Key key = batch.keys()[i];
    const auto within = static_cast<std::uint64_t>(key - found.first_key);
    const std::uint32_t file = extents.file[found.extent];
    switch (extents.kind_of(found.extent)) {
      case ExtentKind::kRecords: {
        const FixedRecordFormat& format = format_of(segment);
        out[i] = {(extents.first_record[found.extent] + within) * format.record_size, file,
                  static_cast<std::uint32_t>(format.record_size), static_cast<std::uint32_t>(format.label_offset),
                  static_cast<std::uint32_t>(format.label_size)};
        break;
      }
      case ExtentKind::kSamples: {
        const std::uint64_t size = format_of(segment).sample_size();
        out[i] = {extents.base_of(found.extent) + within * size, file, static_cast<std::uint32_t>(size), 0, 0};
        break;
      }
      case ExtentKind::kRows:
        out[i] = {extents.base_of(found.extent), file, 0, 0, 0};
        rows_.add(segment.row_of(key), i);
        break;
      case ExtentKind::kFiles: {
        const auto number = file + static_cast<std::uint32_t>(within);
        out[i] = {0, number, 0, 0, 0};
        files_.add(number - segment.entry().first_file, i);
        break;
      }
    }
  }

  void find_rows(const Batch& batch, const Segment& segment, std::span<Place> out) {
    const index::RowColumns& columns = segment.rows();
    rows_.gather(columns.offset, offsets_);
    rows_.gather(columns.length, lengths_);
    rows_.gather(columns.cut_offset, cut_offsets_);
    rows_.gather(columns.cut_length, cut_lengths_);
    for (std::size_t i = 0; i < rows_.count(); ++i) {
      const auto length = static_cast<std::uint64_t>(lengths_[i]);
      const auto cut_offset = static_cast<std::uint64_t>(cut_offsets_[i]);
      const auto cut_length = static_cast<std::uint64_t>(cut_lengths_[i]);
      if (length > std::numeric_limits<std::uint32_t>::max() || cut_offset > length ||
          cut_length > length - cut_offset) {
        core::throw_corrupt(
            segment.file().path(),
            "the place of the row with key " + std::to_string(batch.keys()[rows_.place(i)]) + " contradicts itself");
      }
      Place& place = out[rows_.place(i)];
      place.offset += static_cast<std::uint64_t>(offsets_[i]);
      place.length = static_cast<std::uint32_t>(length);
      place.cut_offset = static_cast<std::uint32_t>(cut_offset);
      place.cut_length = static_cast<std::uint32_t>(cut_length);
    }
  }

  void find_files(const Segment& segment, std::span<Place> out) {
    files_.gather(segment.files().ingested_bytes, lengths_);
    for (std::size_t i = 0; i < files_.count(); ++i) {
      if (static_cast<std::uint64_t>(lengths_[i]) > std::numeric_limits<std::uint32_t>::max()) {
        core::throw_corrupt(segment.file().path(), "a sample is a whole file of more than 4,294,967,295 bytes");
      }
      out[files_.place(i)].length = static_cast<std::uint32_t>(lengths_[i]);
    }
  }

  [[nodiscard]] const FixedRecordFormat& format_of(const Segment& segment) const {
    if (format_ == nullptr) {
      core::throw_corrupt(segment.file().path(), "it has fixed records, which its dataset's format has not");
    }
    return *format_;
  }

  const Index::State& state_;
  const FixedRecordFormat* format_;
  Rows rows_;
  Rows files_;
  Rows::Values offsets_;
  Rows::Values lengths_;
  Rows::Values cut_offsets_;
  Rows::Values cut_lengths_;
};

// Calls action(index of the key, location) for each.
template <typename Action>
void locate_each(const Index::State& state, std::span<const Key> keys, Action action) {
  for_each_batch(state, keys, [&](Batch& batch, std::size_t first) {
    batch.find_extents();
    for (std::size_t i = 0; i < batch.keys().size(); ++i) {
      const Found& found = batch.found(i);
      const Extents& extents = batch.extents(i);
      const auto within = static_cast<std::uint64_t>(batch.keys()[i] - found.first_key);
      const bool files = extents.kind_of(found.extent) == ExtentKind::kFiles;
      action(first + i, Location{extents.file[found.extent] + (files ? static_cast<std::uint32_t>(within) : 0),
                                 extents.first_record[found.extent] + (files ? 0 : within)});
    }
  });
}

}  // namespace

void Index::locate(std::span<const Key> keys, std::span<Location> out) const {
  check_output(keys.size(), out.size());
  locate_each(*state_, keys, [&](std::size_t i, const Location& location) { out[i] = location; });
}

void Index::locate(std::span<const Key> keys, std::span<std::uint32_t> files, std::span<std::uint64_t> records) const {
  check_output(keys.size(), files.size());
  check_output(keys.size(), records.size());
  locate_each(*state_, keys, [&](std::size_t i, const Location& location) {
    files[i] = location.file;
    records[i] = location.record;
  });
}

void Index::places(std::span<const Key> keys, std::span<Place> out) const {
  check_output(keys.size(), out.size());
  PlaceFinder finder(*state_);
  for_each_batch(*state_, keys, [&](Batch& batch, std::size_t first) {
    batch.find_extents();
    finder.find(batch, out.subspan(first, batch.keys().size()));
  });
}

void Index::labels(std::span<const Key> keys, std::span<std::int64_t> out) const {
  check_output(keys.size(), out.size());
  Rows rows;
  Rows::Values values;
  for_each_batch(*state_, keys, [&](Batch& batch, std::size_t first) {
    batch.for_each_segment([&](const Segment& segment, std::span<const std::uint16_t> places) {
      rows.clear();
      for (const std::uint16_t i : places) rows.add(segment.row_of(batch.keys()[i]), i);
      rows.gather(segment.labels(), values);
      for (std::size_t i = 0; i < rows.count(); ++i) out[first + rows.place(i)] = values[i];
    });
  });
}

void Index::timestamps(std::span<const Key> keys, std::span<Timestamp> out) const {
  check_output(keys.size(), out.size());
  Rows rows;
  Rows::Values later;
  for_each_batch(*state_, keys, [&](Batch& batch, std::size_t first) {
    batch.find_extents();
    batch.for_each_segment([&](const Segment& segment, std::span<const std::uint16_t> places) {
      for (const std::uint16_t i : places) out[first + i] = batch.extents(i).timestamp[batch.found(i).extent];
      if (!segment.has_timestamps()) return;
      rows.clear();
      for (const std::uint16_t i : places) rows.add(segment.row_of(batch.keys()[i]), i);
      rows.gather(segment.later(), later);
      for (std::size_t i = 0; i < rows.count(); ++i) {
        out[first + rows.place(i)] = index::later_by(out[first + rows.place(i)], later[i]);
      }
    });
  });
}

void Index::deleted(std::span<const Key> keys, std::span<bool> out) const {
  check_output(keys.size(), out.size());
  const State& state = *state_;
  std::array<std::uint32_t, kBatch> segments;
  for (std::size_t first = 0; first < keys.size(); first += kBatch) {
    const auto batch = keys.subspan(first, std::min(kBatch, keys.size() - first));
    if (!state.find_segments(batch, std::span(segments).first(batch.size()))) state.throw_unknown_keys(keys);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Segment& segment = *state.filled[segments[i]];
      out[first + i] = segment.deletions() != nullptr && segment.deletions()->contains(segment.row_of(batch[i]));
    }
  }
}

void Index::timestamp_range(Key first, std::span<Timestamp> out) const {
  while (!out.empty()) {
    const Segment* segment = state_->find(first);
    if (segment == nullptr) state_->throw_unknown_keys(std::span(&first, 1));
    state_->check_live(*segment, first, out.size());
    const Extents& extents = segment->extents();
    const auto after = std::ranges::upper_bound(extents.first_key, first);
    for (auto at = static_cast<std::size_t>(after - extents.first_key.begin()) - 1;
         at < extents.first_key.size() && !out.empty(); ++at) {
      const auto within = static_cast<std::uint64_t>(first - extents.first_key[at]);
      const std::size_t count = std::min<std::size_t>(out.size(), segment->extent_size(at) - within);
      const auto part = out.first(count);
      if (extents.last_of(at) == extents.timestamp[at]) {
        std::ranges::fill(part, extents.timestamp[at]);
      } else {
        segment->later().read(segment->row_of(first), part);
        for (Timestamp& time : part) time = index::later_by(extents.timestamp[at], time);
      }
      first += static_cast<Key>(count);
      out = out.subspan(count);
    }
  }
}

void Index::label_range(Key first, std::span<std::int64_t> out) const {
  while (!out.empty()) {
    const Segment* segment = state_->find(first);
    if (segment == nullptr) state_->throw_unknown_keys(std::span(&first, 1));
    const auto left = static_cast<std::uint64_t>(segment->entry().end_key() - first);
    const std::size_t count = std::min<std::size_t>(out.size(), left);
    const std::uint64_t row = segment->row_of(first);
    state_->check_live(*segment, first, count);
    segment->labels().read(row, out.first(count));
    first += static_cast<Key>(count);
    out = out.subspan(count);
  }
}

}  // namespace modyn
