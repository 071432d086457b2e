#include "ingest/source_input.hpp"

#include <cerrno>

#include <fcntl.h>

#include "core/fingerprint.hpp"
#include "core/message.hpp"
#include "core/thread_pool.hpp"

namespace modyn::ingest {

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
