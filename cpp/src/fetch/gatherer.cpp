#include "fetch/gatherer.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/message.hpp"
#include "fetch/sigbus_guard.hpp"
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

void Gatherer::begin(SourceFiles& files, std::size_t most_files) {
  files_ = &files;
  touched_.prepare(most_files);
}

void Gatherer::gather(const Request& request, const Part& part) {
  places_.resize(part.keys.size());
  files_->index().places(part.keys, places_);
  give_labels(request, part);
  for (std::size_t first = 0; first < places_.size();) {
    first = collect(request, part, first);
    copy(request, part);
    if (first == places_.size() || !touched_.full()) continue;
    touched_.check();
    touched_.clear();
  }
}

// Those that do not lie inside the samples' records.
void Gatherer::give_labels(const Request& request, const Part& part) {
  const auto outside = [](const Place& place) { return place.cut_length == 0; };
  if (request.format != nullptr && std::ranges::none_of(places_, outside)) return;
  labels_.resize(part.keys.size());
  files_->index().labels(part.keys, labels_);
  for (std::size_t i = 0; i < labels_.size(); ++i) request.labels[part.first_slot + slot(part, i)] = labels_[i];
}

// Makes entries of the samples from `first` on, as many as files and buffer allow; returns where they end. What
// goes to its place directly is read here.
std::size_t Gatherer::collect(const Request& request, const Part& part, std::size_t first) {
  entries_.clear();
  staged_ = 0;
  std::size_t at = first;
  while (at < places_.size()) {
    const Place& place = places_[at];
    const OpenSource* source = touched_.find(place.file);
    if (source == nullptr) {
      if (touched_.full()) break;
      source = open(request, part, at);
      if (source == nullptr) {
        ++at;
        continue;
      }
    }
    check_place(request, part, at, source->size());
    if (source->is_mapped()) {
      add_entry(source->map() + place.offset, part, at++);
    } else if (place.length >= kMinDirectBytes) {
      read_directly(request, part, at++, *source);
    } else {
      const std::size_t end = stage(*source, request, part, at);
      if (end == at) break;
      at = end;
    }
  }
  return at;
}

// Opens the file of a sample. Returns nullptr if the sample is the whole file; then it has been read.
const OpenSource* Gatherer::open(const Request& request, const Part& part, std::size_t at) {
  const Place& place = places_[at];
  if (auto source = files_->find(place.file)) return touched_.add(place.file, std::move(source));
  SourceFiles::Found found = files_->describe(place.file);
  const auto* samples = std::get_if<WholeSamples>(&request.output);
  if (samples == nullptr || !is_whole_file(found.source, place)) {
    return touched_.add(place.file, files_->open(place.file, std::move(found)));
  }
  check_place(request, part, at, found.source.ingested_bytes);
  read_whole_file(found, {samples->begin(part.first_slot + slot(part, at)), place.length});
  return nullptr;
}

void Gatherer::add_entry(const std::byte* bytes, const Part& part, std::size_t at) {
  const Place& place = places_[at];
  entries_.push_back({bytes, slot(part, at), place.length, place.cut_offset, place.cut_length});
}

// Reads sample `first` and those after it that lie close by into the buffer; returns where they end, `first` if the
// buffer is full.
std::size_t Gatherer::stage(const OpenSource& source, const Request& request, const Part& part, std::size_t first) {
  const std::uint64_t begin = places_[first].offset;
  std::uint64_t end = begin + places_[first].length;
  std::size_t last = first + 1;
  for (; last < places_.size(); ++last) {
    const Place& next = places_[last];
    if (next.file != places_[first].file || next.offset < begin || next.offset > end + kMaxGap) break;
    if (next.length >= kMinDirectBytes || next.offset + next.length - begin > kMaxReadBytes) break;
    check_place(request, part, last, source.size());
    end = std::max(end, next.offset + next.length);
  }
  const std::uint64_t bytes = end - begin;
  if (bytes > kStagingBytes - staged_) return first;
  staging_.resize(kStagingBytes);
  std::byte* const buffer = staging_.data() + staged_;
  source.read(begin, {buffer, bytes});
  staged_ += bytes;
  for (std::size_t at = first; at < last; ++at) add_entry(buffer + (places_[at].offset - begin), part, at);
  return last;
}

void Gatherer::read_directly(const Request& request, const Part& part, std::size_t at, const OpenSource& source) {
  const Place& place = places_[at];
  const std::size_t slot_of_request = part.first_slot + slot(part, at);
  if (const auto* samples = std::get_if<WholeSamples>(&request.output)) {
    std::byte* const out = samples->begin(slot_of_request);
    const std::uint32_t after = place.cut_offset + place.cut_length;
    source.read(place.offset, {out, place.cut_offset});
    source.read(place.offset + after, {out + place.cut_offset, place.length - after});
  } else {
    const auto& fields = std::get<FieldColumns>(request.output);
    for (const Piece& piece : place.cut_length > 0 ? fields.of_records : fields.of_samples) {
      source.read(place.offset + piece.source_offset, {piece.output + slot_of_request * piece.stride, piece.length});
    }
  }
  if (request.format == nullptr || place.cut_length == 0) return;
  std::array<std::byte, 8> label{};
  source.read(place.offset + place.cut_offset, std::span(label).first(request.format->label_size));
  request.labels[slot_of_request] = decode_label(*request.format, label.data());
}

// Copies the entries. Where a map has lost its bytes, the file says why.
void Gatherer::copy(const Request& request, const Part& part) {
  if (entries_.empty()) return;
  GuardedCopy copy{request, entries_, part.first_slot};
  if (copy_guarded(copy_unguarded, &copy)) return;
  touched_.check();
  throw_unreadable(part, entries_[copy.progress]);
}

void Gatherer::throw_unreadable(const Part& part, const Entry& entry) const {
  std::size_t at = 0;
  while (slot(part, at) != entry.slot) ++at;
  const Place& place = places_[at];
  throw Error(ErrorKind::kIo, "cannot read the " + core::grouped(std::uint64_t{place.length}) + " bytes at offset " +
                                  core::grouped(place.offset) + " of " +
                                  core::quoted(touched_.find(place.file)->path()) +
                                  ": the disk or the network file system reports an error");
}

// Everything that is copied lies within the file and within its room: no faulty index or caller may change that.
void Gatherer::check_place(const Request& request, const Part& part, std::size_t at,
                           std::uint64_t bytes_of_file) const {
  const Place& place = places_[at];
  const auto* samples = std::get_if<WholeSamples>(&request.output);
  const std::uint64_t room = samples != nullptr ? samples->size_of(part.first_slot + slot(part, at))
                                                : std::get<FieldColumns>(request.output).sample_size;
  const std::uint64_t cut_end = std::uint64_t{place.cut_offset} + place.cut_length;
  const bool fits_format =
      request.format == nullptr || place.cut_length == 0 ||
      (place.length == request.format->record_size && place.cut_offset == request.format->label_offset &&
       place.cut_length == request.format->label_size);
  if (cut_end <= place.length && place.sample_size() == room && place.offset <= bytes_of_file &&
      place.length <= bytes_of_file - place.offset && fits_format) {
    return;
  }
  const bool own_fault = place.sample_size() != room && request.format == nullptr;
  const std::string where = "sample " + std::to_string(part.keys[at]);
  if (own_fault) {
    throw Error(ErrorKind::kInvalidArgument, "fetch: room for " + core::grouped(room) + " bytes given for " + where +
                                                 ", which has " + core::grouped(std::uint64_t{place.sample_size()}));
  }
  throw Error(ErrorKind::kCorrupt, "index: " + where + " is said to lie at bytes [" + core::grouped(place.offset) +
                                       ", " + core::grouped(place.offset + place.length) + ") of a file with " +
                                       core::grouped(bytes_of_file) +
                                       " ingested bytes, or to have another size than "
                                       "the dataset's format gives");
}

}  // namespace modyn::fetch
