#include "index/order.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"
#include "index/index_state.hpp"

namespace modyn::index {
namespace {

constexpr std::size_t kBatch = Bounds::kMaxBatch;
// Where runs are shorter, samples are looked up by their keys, many at once.
constexpr std::uint64_t kLongRun = 32;

std::uint64_t unsigned_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }

template <typename T>
T one_number(const ColumnFile& file, std::string_view name) {
  const auto values = file.read<T>(name);
  if (values.size() != 1) core::throw_corrupt(file.path(), "column " + core::quoted(name) + " is not one number");
  return values[0];
}

// Writes one member of each run as a column.
template <typename T>
void add_column(ColumnFileWriter& writer, std::string_view name, std::uint64_t count, const Order::RunSource& runs,
                T Run::* member) {
  writer.add_streamed(name, column_type<T>(), count, [&runs, member](const ColumnFileWriter::Sink& sink) {
    std::vector<T> buffer;
    buffer.reserve(kBatch);
    runs([&](const Run& run) {
      buffer.push_back(run.*member);
      if (buffer.size() < kBatch) return;
      sink(std::as_bytes(std::span(buffer)));
      buffer.clear();
    });
    sink(std::as_bytes(std::span(buffer)));
  });
}

}  // namespace

// The samples of a run, or some of them, that lie in the positions asked for.
struct Order::Part {
  Key first_key;
  std::uint64_t at;  // of the first one among the positions asked for
  std::uint64_t count;
  bool flat;            // all have `timestamp`
  Timestamp timestamp;  // if flat
};

Order::Order(std::shared_ptr<const Index> index, ViewOrder by, std::uint64_t size, const RunSource& runs)
    : index_(std::move(index)), by_(by), size_(size) {
  std::vector<std::int64_t> positions;
  std::vector<Key> keys;
  std::vector<Timestamp> times;
  std::vector<std::uint8_t> flat;
  runs([&](const Run& run) {
    positions.push_back(run.first_position);
    keys.push_back(run.first_key);
    if (by == ViewOrder::kSequence) return;
    times.push_back(run.timestamp);
    flat.push_back(run.flat);
  });
  first_position_ = Numbers(std::move(positions));
  first_key_ = Numbers(std::move(keys));
  timestamp_ = Numbers(std::move(times));
  flat_ = Numbers(std::move(flat));
}

Order::Order(std::shared_ptr<const Index> index, const std::filesystem::path& view_file)
    : index_(std::move(index)), by_(ViewOrder::kTime), file_(ColumnFile::open(view_file, FileKind::kView)) {
  const IndexSummary& summary = index_->summary();
  const auto identity = std::as_bytes(file_->read<std::uint8_t>("dataset"));
  size_ = one_number<std::uint64_t>(*file_, "samples");
  if (one_number<std::uint64_t>(*file_, "manifest") != summary.manifest || size_ != summary.samples ||
      !std::ranges::equal(identity, index_->identity())) {
    core::throw_corrupt(view_file, "it is the view of another manifest or dataset; remove it, it will be made anew");
  }
  first_position_ = Numbers(file_->column<std::int64_t>("first_position"));
  first_key_ = Numbers(file_->column<Key>("first_key"));
  timestamp_ = Numbers(file_->column<Timestamp>("timestamp"));
  flat_ = Numbers(file_->column<std::uint8_t>("flat"));
  const std::uint64_t runs = first_key_.size();
  if (first_position_.size() != runs || timestamp_.size() != runs || flat_.size() != runs ||
      (runs == 0) != (size_ == 0) || runs > size_ || (runs > 0 && first_position_[0] != 0)) {
    core::throw_corrupt(view_file, "its columns contradict each other");
  }
}

void Order::write(const Index& index, const std::filesystem::path& path, std::uint64_t size, const RunSource& runs) {
  const IndexSummary& summary = index.summary();
  const auto identity = index.identity();
  std::uint64_t count = 0;
  runs([&](const Run&) { ++count; });
  ColumnFileWriter writer(FileKind::kView);
  writer.add<std::uint64_t>("manifest", std::span(&summary.manifest, 1));
  writer.add("dataset", ColumnType::kUint8, identity);
  writer.add<std::uint64_t>("samples", std::span(&size, 1));
  add_column(writer, "first_position", count, runs, &Run::first_position);
  add_column(writer, "first_key", count, runs, &Run::first_key);
  add_column(writer, "timestamp", count, runs, &Run::timestamp);
  add_column(writer, "flat", count, runs, &Run::flat);
  writer.publish(path);
}

void Order::check_range(std::uint64_t first, std::uint64_t count, std::uint64_t size) {
  if (first > size || count > size - first) {
    throw Error(ErrorKind::kInvalidArgument, core::grouped(count) + " positions from " + core::grouped(first) +
                                                 " go beyond the end of " + core::grouped(size) + " samples");
  }
}

std::uint64_t Order::end_of(std::uint64_t run) const {
  return run + 1 < first_position_.size() ? unsigned_of(first_position_[run + 1]) : size_;
}

std::uint64_t Order::run_of(std::uint64_t position) const {
  std::uint64_t low = 0;
  std::uint64_t count = first_position_.size();
  while (count > 1) {
    const std::uint64_t half = count / 2;
    if (unsigned_of(first_position_[low + half]) <= position) low += half;
    count -= half;
  }
  return low;
}

void Order::check_keys(Key first, std::uint64_t count) const {
  const Key end = index_->summary().next_key;
  if (first < 0 || first > end || count > unsigned_of(end - first)) {
    core::throw_corrupt(file_->path(), "it has keys that the dataset has not");
  }
}

template <typename Action>
void Order::for_each_part(std::uint64_t first, std::uint64_t count, Action action) const {
  if (count == 0) return;
  const std::uint64_t runs = first_position_.size();
  const bool by_time = by_ == ViewOrder::kTime;
  std::uint64_t done = 0;
  for (std::uint64_t run = run_of(first); done < count;) {
    // Columns are read some runs at a time, which a run of one sample would not be worth.
    const std::uint64_t some = std::min({std::uint64_t{kBatch}, runs - run, count - done});
    const auto positions = first_position_.read(run, some);
    const auto keys = first_key_.read(run, some);
    const auto times = by_time ? timestamp_.read(run, some) : std::span<const Timestamp>();
    const auto flat = by_time ? flat_.read(run, some) : std::span<const std::uint8_t>();
    const std::uint64_t last_end = end_of(run + some - 1);
    for (std::size_t i = 0; i < some && done < count; ++i) {
      const std::uint64_t begin = unsigned_of(positions[i]);
      const std::uint64_t end = i + 1 < some ? unsigned_of(positions[i + 1]) : last_end;
      // Of a view file this is not known before.
      if (end <= first + done || begin > first + done) throw_unordered();
      check_keys(keys[i], end - begin);
      const std::uint64_t part = std::min(count - done, end - first - done);
      const bool is_flat = by_time && (flat[i] != 0 || end - begin == 1);  // the run's time is that of its first sample
      action(Part{keys[i] + static_cast<Key>(first + done - begin), done, part, is_flat, is_flat ? times[i] : 0});
      done += part;
    }
    run += some;
    if (done < count && run == runs) throw_unordered();
  }
}

void Order::throw_unordered() const { core::throw_corrupt(file_->path(), "its positions do not ascend"); }

void Order::keys(std::uint64_t first, std::span<Key> out) const {
  for_each_part(first, out.size(), [&](const Part& part) {
    const auto of_part = out.subspan(part.at, part.count);
    std::iota(of_part.begin(), of_part.end(), part.first_key);
  });
}

void Order::timestamps(std::uint64_t first, std::span<Timestamp> out) const {
  std::array<Key, kBatch> wanted;
  std::array<std::uint64_t, kBatch> places;
  std::array<Timestamp, kBatch> found;
  std::size_t waiting = 0;
  const auto look_up = [&] {
    index_->timestamps(std::span(wanted).first(waiting), std::span(found).first(waiting));
    for (std::size_t i = 0; i < waiting; ++i) out[places[i]] = found[i];
    waiting = 0;
  };
  for_each_part(first, out.size(), [&](const Part& part) {
    if (part.flat) {
      std::ranges::fill(out.subspan(part.at, part.count), part.timestamp);
    } else if (part.count >= kLongRun) {
      index_->timestamp_range(part.first_key, out.subspan(part.at, part.count));
    } else {
      if (waiting + part.count > kBatch) look_up();
      for (std::uint64_t i = 0; i < part.count; ++i) {
        wanted[waiting] = part.first_key + static_cast<Key>(i);
        places[waiting++] = part.at + i;
      }
    }
  });
  look_up();
}

void Order::labels(std::uint64_t first, std::span<std::int64_t> out) const {
  std::array<Key, kBatch> wanted;
  std::array<std::uint64_t, kBatch> places;
  std::array<std::int64_t, kBatch> found;
  std::size_t waiting = 0;
  const auto look_up = [&] {
    index_->labels(std::span(wanted).first(waiting), std::span(found).first(waiting));
    for (std::size_t i = 0; i < waiting; ++i) out[places[i]] = found[i];
    waiting = 0;
  };
  for_each_part(first, out.size(), [&](const Part& part) {
    if (part.count >= kLongRun) {
      index_->label_range(part.first_key, out.subspan(part.at, part.count));
      return;
    }
    if (waiting + part.count > kBatch) look_up();
    for (std::uint64_t i = 0; i < part.count; ++i) {
      wanted[waiting] = part.first_key + static_cast<Key>(i);
      places[waiting++] = part.at + i;
    }
  });
  look_up();
}

// Runs of other timestamps may continue each other's keys: files that arrived in the order of their times. For keys
// alone such runs are one.
void Order::join(std::span<const std::int64_t> positions, std::span<const Key> keys) const {
  for (std::size_t run = 0; run < keys.size(); ++run) {
    const bool continues = run > 0 && keys[run] - joined_keys_.back() == positions[run] - joined_positions_.back();
    if (continues) continue;
    joined_positions_.push_back(positions[run]);
    joined_keys_.push_back(keys[run]);
  }
  bounds_ = Bounds(joined_positions_, static_cast<std::int64_t>(size_));
  joined_key_ = joined_keys_;
}

const Bounds& Order::bounds() const {
  std::call_once(bounds_once_, [this] {
    const auto positions = first_position_.read(0, first_position_.size());
    if (!std::ranges::is_sorted(positions, std::ranges::less_equal()) || unsigned_of(positions.back()) >= size_) {
      throw_unordered();
    }
    const auto keys = first_key_.read(0, first_key_.size());
    for (std::uint64_t run = 0; run < keys.size(); ++run) {
      check_keys(keys[run],
                 (run + 1 < keys.size() ? unsigned_of(positions[run + 1]) : size_) - unsigned_of(positions[run]));
    }
    if (file_ == nullptr) {
      join(positions, keys);
    } else {
      bounds_ = Bounds(positions, static_cast<std::int64_t>(size_));
      joined_key_ = keys;
    }
  });
  return bounds_;
}

void Order::keys_at(std::span<const std::uint64_t> positions, std::span<Key> out) const {
  if (positions.empty()) return;
  if (std::ranges::max(positions) >= size_) check_range(std::ranges::max(positions), 1, size_);
  const Bounds& starts = bounds();
  const auto first_keys = joined_key_;
  if (first_keys.size() == 1) {
    const Key key = first_keys[0];
    std::ranges::transform(positions, out.begin(), [key](std::uint64_t at) { return key + static_cast<Key>(at); });
    return;
  }
  std::array<std::uint32_t, kBatch> runs;
  std::array<std::int64_t, kBatch> wanted;
  for (std::size_t done = 0; done < positions.size(); done += kBatch) {
    const std::size_t count = std::min(kBatch, positions.size() - done);
    for (std::size_t i = 0; i < count; ++i) wanted[i] = static_cast<std::int64_t>(positions[done + i]);
    starts.find(std::span(wanted).first(count), std::span(runs).first(count));
    for (std::size_t i = 0; i < count; ++i) out[done + i] = first_keys[runs[i]] + (wanted[i] - starts[runs[i]]);
  }
}

std::uint64_t Order::position_of_time(Timestamp timestamp) const {
  // The first run whose first sample is not earlier; a part of the run before may be.
  std::uint64_t run = 0;
  for (std::uint64_t count = timestamp_.size(); count > 0;) {
    const std::uint64_t half = count / 2;
    if (timestamp_[run + half] < timestamp) {
      run += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  if (run == 0) return 0;
  const std::uint64_t begin = unsigned_of(first_position_[run - 1]);
  std::uint64_t end = end_of(run - 1);
  if (flat_[run - 1] != 0) return end;
  std::uint64_t position = begin;
  while (position < end) {
    const std::uint64_t middle = position + (end - position) / 2;
    const Key key = first_key_[run - 1] + static_cast<Key>(middle - begin);
    Timestamp found = 0;
    index_->timestamps(std::span(&key, 1), std::span(&found, 1));
    if (found < timestamp) {
      position = middle + 1;
    } else {
      end = middle;
    }
  }
  return position;
}

void Order::verify() const {
  if (file_ == nullptr) return;
  file_->verify();
  if (size_ > 0) static_cast<void>(bounds());
  std::vector<Timestamp> times(kBatch);
  std::vector<Key> keys(kBatch);
  std::vector<Timestamp> actual(kBatch);
  Timestamp last_time = 0;
  Key last_key = -1;
  for (std::uint64_t first = 0; first < size_; first += kBatch) {
    const std::size_t count = std::min<std::uint64_t>(kBatch, size_ - first);
    const auto some_keys = std::span(keys).first(count);
    this->keys(first, some_keys);
    timestamps(first, std::span(times).first(count));
    index_->timestamps(some_keys, std::span(actual).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      const bool ascends =
          (first == 0 && i == 0) || times[i] > last_time || (times[i] == last_time && keys[i] > last_key);
      if (times[i] != actual[i] || !ascends) core::throw_corrupt(file_->path(), "it is not in the order of time");
      last_time = times[i];
      last_key = keys[i];
    }
  }
}

}  // namespace modyn::index
