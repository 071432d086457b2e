#include "fetch/gatherer.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "core/sigbus_guard.hpp"
#include "fetch/whole_file.hpp"

namespace modyn::fetch {
namespace {

// A longer sample is read to where it belongs, a shorter one through a buffer, with its neighbours.
constexpr std::size_t kMinDirectBytes = 64 * 1024;
constexpr std::size_t kStagingBytes = 1024 * 1024;
// Neighbours this close are read at once: a request costs more than the bytes between them.
constexpr std::uint64_t kMaxGap = 4096;
constexpr std::uint64_t kMaxReadBytes = 256 * 1024;

struct GuardedCopy {
  const Request& request;
  std::span<const Entry> entries;
  std::size_t first_slot;
  volatile std::size_t progress = 0;
};

void copy_unguarded(void* context) {
  auto& copy = *static_cast<GuardedCopy*>(context);
  copy_entries(copy.request, copy.entries, copy.first_slot, copy.progress);
}

}  // namespace

// A part on its way.
struct Gatherer::Task {
  const Request& request;
  const Part& part;
  const core::SigbusGuard& guard;
  const FixedRecordFormat* format = request.format;
  const WholeSamples* samples = std::get_if<WholeSamples>(&request.output);
  const FieldColumns* fields = std::get_if<FieldColumns>(&request.output);
  const std::int64_t* offsets = samples != nullptr ? samples->offsets : nullptr;
  std::uint64_t fixed_size = samples != nullptr ? samples->size : fields->sample_size;

  // Counted from the first slot of the part.
  [[nodiscard]] std::uint32_t slot(std::size_t at) const noexcept {
    return part.slots.empty() ? static_cast<std::uint32_t>(at) : part.slots[at];
  }
  [[nodiscard]] std::size_t slot_of_request(std::size_t at) const noexcept { return part.first_slot + slot(at); }
  // What the caller expects of a sample.
  [[nodiscard]] std::uint64_t size(std::size_t at) const noexcept {
    return offsets == nullptr ? fixed_size : samples->size_of(slot_of_request(at));
  }
};

void Gatherer::begin(SourceFiles& files, std::size_t most_files) {
  files_ = &files;
  touched_.prepare(most_files);
}

void Gatherer::gather(const Request& request, const Part& part, const core::SigbusGuard& guard) {
  const Task task{request, part, guard};
  const std::size_t count = part.keys.size();
  places_.resize(count);
  if (entries_.size() < count) entries_.resize(count);
  files_->index().places(part.keys, places_);
  bool labels_inside = task.format != nullptr;
  for (std::size_t first = 0; first < count;) {
    collected_ = 0;
    staged_ = 0;
    first = collect(task, first, labels_inside);
    copy(task);
    if (first == count || !touched_.full()) continue;
    touched_.check();
    touched_.clear();
  }
  if (!labels_inside) give_labels(task);
}

// Of all samples: those that lie inside records are the same in the index.
void Gatherer::give_labels(const Task& task) {
  labels_.resize(task.part.keys.size());
  files_->index().labels(task.part.keys, labels_);
  for (std::size_t i = 0; i < labels_.size(); ++i) task.request.labels[task.slot_of_request(i)] = labels_[i];
}

inline void Gatherer::add_entry(const Task& task, std::size_t at, const std::byte* bytes) {
  const Place& place = places_[at];
  entries_[collected_++] = {bytes, task.slot(at), place.length, place.cut_offset, place.cut_length};
}

// Everything that is copied lies within its file and within its room: no faulty index or caller may change that.
inline void Gatherer::check_place(const Task& task, std::size_t at, std::uint64_t bytes_of_file) const {
  const Place& place = places_[at];
  const FixedRecordFormat* const format = task.format;
  const bool label_fits = format == nullptr || place.cut_length == 0 ||
                          (place.cut_offset == format->label_offset && place.cut_length == format->label_size);
  const std::uint64_t cut_end = std::uint64_t{place.cut_offset} + place.cut_length;
  const bool fits = label_fits && cut_end <= place.length && place.sample_size() == task.size(at) &&
                    place.offset <= bytes_of_file && place.length <= bytes_of_file - place.offset;
  if (!fits) throw_misplaced(task, at, bytes_of_file);
}

// The usual case of what follows, without its questions: whole records of mapped files that are open. Returns the
// first sample that is something else.
std::size_t Gatherer::collect_records(const Task& task, std::size_t first) {
  if (task.format == nullptr || task.offsets != nullptr) return first;
  const FixedRecordFormat format = *task.format;
  std::size_t at = first;
  for (; at < places_.size(); ++at) {
    const Place& place = places_[at];
    const TouchedFiles::Map map = touched_.map(place.file);
    if (map.bytes == nullptr || place.length != format.record_size || place.cut_offset != format.label_offset ||
        place.cut_length != format.label_size || map.size < place.length || place.offset > map.size - place.length) {
      break;
    }
    add_entry(task, at, map.bytes + place.offset);
  }
  return at;
}

// Makes entries of the samples from `first` on, as many as files and buffer allow; returns where they end. What goes
// to its place directly is read here.
std::size_t Gatherer::collect(const Task& task, std::size_t first, bool& labels_inside) {
  std::size_t at = first;
  while (true) {
    at = collect_records(task, at);
    if (at == places_.size()) break;
    const Place& place = places_[at];
    labels_inside = labels_inside && place.cut_length > 0;
    const OpenSource* source = touched_.find(place.file);
    if (source == nullptr) {
      if (touched_.full()) break;
      source = open(task, at);
      if (source == nullptr) {
        ++at;
        continue;
      }
    }
    check_place(task, at, source->size());
    if (source->is_mapped()) {
      add_entry(task, at++, source->map() + place.offset);
    } else if (place.length >= kMinDirectBytes) {
      read_directly(task, at++, *source);
    } else {
      const std::size_t end = stage(*source, task, at);
      if (end == at) break;
      for (std::size_t i = at; i < end; ++i) labels_inside = labels_inside && places_[i].cut_length > 0;
      at = end;
    }
  }
  return at;
}

// Opens the file of a sample. Returns nullptr if the sample is the whole file; then it has been read.
const OpenSource* Gatherer::open(const Task& task, std::size_t at) {
  const Place& place = places_[at];
  if (auto source = files_->find(place.file)) return touched_.add(place.file, std::move(source));
  SourceFiles::Found found = files_->describe(place.file);
  if (task.samples == nullptr || !is_whole_file(found.source, place)) {
    return touched_.add(place.file, files_->open(place.file, std::move(found)));
  }
  check_place(task, at, found.source.ingested_bytes);
  read_whole_file(found, {task.samples->begin(task.slot_of_request(at)), place.length});
  return nullptr;
}

// Reads sample `first` and those after it that lie close by into the buffer; returns where they end, `first` if the
// buffer is full.
std::size_t Gatherer::stage(const OpenSource& source, const Task& task, std::size_t first) {
  const std::uint64_t begin = places_[first].offset;
  std::uint64_t bytes = places_[first].length;
  std::size_t last = first + 1;
  for (; last < places_.size(); ++last) {
    const Place& next = places_[last];
    if (next.file != places_[first].file || next.offset < begin || next.offset > begin + bytes + kMaxGap) break;
    if (next.length >= kMinDirectBytes || next.offset + next.length - begin > kMaxReadBytes) break;
    check_place(task, last, source.size());
    bytes = std::max(bytes, next.offset + next.length - begin);
  }
  if (bytes > kStagingBytes - staged_) return first;
  staging_.resize(kStagingBytes);
  std::byte* const buffer = staging_.data() + staged_;
  source.read(begin, {buffer, bytes});
  staged_ += bytes;
  for (std::size_t at = first; at < last; ++at) add_entry(task, at, buffer + (places_[at].offset - begin));
  return last;
}

void Gatherer::read_directly(const Task& task, std::size_t at, const OpenSource& source) const {
  const Place& place = places_[at];
  const std::size_t slot = task.slot_of_request(at);
  if (task.samples != nullptr) {
    std::byte* const out = task.samples->begin(slot);
    const std::uint32_t after = place.cut_offset + place.cut_length;
    source.read(place.offset, {out, place.cut_offset});
    source.read(place.offset + after, {out + place.cut_offset, place.length - after});
  } else {
    for (const Piece& piece : place.cut_length > 0 ? task.fields->of_records : task.fields->of_samples) {
      source.read(place.offset + piece.source_offset, {piece.output + slot * piece.stride, piece.length});
    }
  }
  const FixedRecordFormat* const format = task.format;
  if (format == nullptr || place.cut_length == 0) return;
  std::array<std::byte, 8> label{};
  source.read(place.offset + place.cut_offset, std::span(label).first(format->label_size));
  task.request.labels[slot] = decode_label(*format, label.data());
}

// Copies the entries. Where a map has lost its bytes, the file says why.
void Gatherer::copy(const Task& task) const {
  if (collected_ == 0) return;
  GuardedCopy copy{task.request, std::span(entries_).first(collected_), task.part.first_slot};
  if (task.guard.run(copy_unguarded, &copy)) return;
  touched_.check();
  throw_unreadable(task, entries_[copy.progress]);
}

void Gatherer::throw_misplaced(const Task& task, std::size_t at, std::uint64_t bytes_of_file) const {
  const Place& place = places_[at];
  const std::string sample = "sample " + std::to_string(task.part.keys[at]);
  if (task.format == nullptr && place.sample_size() != task.size(at)) {
    throw Error(ErrorKind::kInvalidArgument, "fetch: room for " + core::grouped(task.size(at)) + " bytes given for " +
                                                 sample + ", which has " +
                                                 core::grouped(std::uint64_t{place.sample_size()}));
  }
  throw Error(ErrorKind::kCorrupt, "index: " + sample + " is said to have " +
                                       core::grouped(std::uint64_t{place.sample_size()}) + " bytes, in bytes [" +
                                       core::grouped(place.offset) + ", " + core::grouped(place.offset + place.length) +
                                       ") of a file with " + core::grouped(bytes_of_file) +
                                       " ingested bytes, which contradicts the file or the dataset's format");
}

void Gatherer::throw_unreadable(const Task& task, const Entry& entry) const {
  std::size_t at = 0;
  while (task.slot(at) != entry.slot) ++at;
  const Place& place = places_[at];
  throw Error(ErrorKind::kIo, "cannot read the " + core::grouped(std::uint64_t{place.length}) + " bytes at offset " +
                                  core::grouped(place.offset) + " of " +
                                  core::quoted(touched_.find(place.file)->path()) +
                                  ": the disk or the network file system reports an error");
}

}  // namespace modyn::fetch
