#include "ingest/source_input.hpp"

#include <cerrno>

#include <fcntl.h>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "core/network_file_system.hpp"
#include "core/residency.hpp"
#include "core/sigbus_guard.hpp"
#include "core/thread_pool.hpp"
#include "formats/strided_copy.hpp"

namespace modyn::ingest {
namespace {

// Files of other sizes are read: for small ones a map costs more than a copy, and the page tables of a large one take
// memory, 2 MB for each GB.
constexpr std::uint64_t kLeastMapped = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMostMapped = std::uint64_t{8} << 30U;
constexpr std::uint64_t kLooks = 16;  // that find whether a file lies in memory

// What runs under a guard.
struct StridedCopy {
  const std::byte* from;
  std::uint64_t stride;
  std::uint64_t width;
  std::span<std::byte> out;

  static void run(void* context) {
    const auto& copy = *static_cast<const StridedCopy*>(context);
    formats::copy_strided(copy.from, copy.stride, copy.width, copy.out);
  }
};

}  // namespace

void SourceInput::open() {
  file_ = source_.open(state_.path);
  check_unchanged();
}

void SourceInput::check_unchanged() const {
  if (core::file_status(file_, full_path()) != state_.status) throw FileChanged();
}

std::uint64_t SourceInput::finish() const {
  const auto fingerprint = core::fingerprint(file_, state_.status.size, full_path());
  if (!fingerprint) throw FileChanged();
  check_unchanged();
  return *fingerprint;
}

void SourceInput::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (core::read_at(file_, offset, out, full_path()) < out.size()) throw FileChanged();
}

bool SourceInput::is_worth_a_map() const {
  const std::uint64_t bytes = size() - first_byte();
  if (bytes < kLeastMapped || size() > kMostMapped || core::network_file_system(file_)) return false;
  for (std::uint64_t look = 0; look < kLooks; ++look) {
    if (core::residency(file_, first_byte() + bytes / kLooks * look) != core::Residency::kCached) return false;
  }
  return true;
}

// Empty if the file is to be read.
std::span<const std::byte> SourceInput::map() const {
  std::call_once(map_once_, [this] {
    if (!is_worth_a_map()) return;
    try {
      map_.emplace(file_, full_path());
    } catch (const Error&) {
      // Some file systems have no maps: then it is read.
    }
  });
  return map_ ? map_->bytes() : std::span<const std::byte>();
}

void SourceInput::read_strided(std::uint64_t offset, std::uint64_t stride, std::uint64_t width,
                               std::span<std::byte> out) const {
  const auto bytes = map();
  const std::uint64_t end = out.empty() ? offset : offset + (out.size() / width - 1) * stride + width;
  if (end <= bytes.size()) {
    StridedCopy copy{bytes.data() + offset, stride, width, out};
    if (core::SigbusGuard().run(&StridedCopy::run, &copy)) return;
  }
  // A file that was cut off meanwhile is an error and not a signal: reading it says which.
  FileInput::read_strided(offset, stride, width, out);
}

std::vector<std::byte> SourceInput::read_companion(std::size_t largest) const {
  if (state_.companion == 0) throw IncompleteFile("has no label file " + core::quoted(companion_) + " yet");
  const core::Descriptor file = source_.try_open(companion_, O_RDONLY);
  if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) throw FileChanged();
  const std::filesystem::path path = source_.root() / companion_;
  if (!file.is_open()) core::throw_system_error("open", path, errno);
  const core::FileStatus status = core::file_status(file, path);
  if (companion_stamp(status) != state_.companion) throw FileChanged();
  if (status.size > largest) {
    throw BadContent("has a label file " + core::quoted(companion_) + " of " + core::grouped(status.size) +
                     " bytes, more than the " + core::grouped(std::uint64_t{largest}) + " that are expected");
  }
  std::vector<std::byte> bytes(status.size);
  if (core::read_at(file, 0, bytes, path) < bytes.size()) throw FileChanged();
  return bytes;
}

void SourceInput::for_each_piece(std::uint64_t pieces, const std::function<void(std::uint64_t)>& work) const {
  core::ThreadPool::shared().for_each(pieces, threads_, work);
}

}  // namespace modyn::ingest
