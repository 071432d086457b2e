#include "index/dataset_writer.hpp"

#include <string>
#include <system_error>
#include <vector>

#include "core/message.hpp"
#include "core/publish.hpp"
#include "index/dataset_folder.hpp"

namespace modyn::index {
namespace {

// Files of the folder with an epoch above `epoch` in their names. Nothing of a folder that is not there.
void collect_unpublished(const std::filesystem::path& folder, std::uint64_t epoch,
                         std::vector<std::filesystem::path>& found) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!is_segment_name(name) && !is_deletion_name(name)) continue;
    if (epoch_of_name(name).value_or(0) > epoch) found.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    core::throw_system_error("list folder", folder, error.value());
  }
}

std::filesystem::path checked_dataset(const std::filesystem::path& dataset) {
  static_cast<void>(newest_manifest(dataset));  // a lock file is not made in a folder that is no dataset
  return dataset;
}

Manifest read_newest(const std::filesystem::path& dataset) {
  const std::uint64_t newest = newest_manifest(dataset);
  return newest == 0 ? Manifest{} : read_manifest(dataset, newest);
}

}  // namespace

void remove_leftovers(const std::filesystem::path& dataset, const Manifest& newest, core::FolderLock& lock) {
  for (const auto& folder : {dataset, manifest_folder(dataset), segment_folder(dataset), deletion_folder(dataset)}) {
    if (std::filesystem::is_directory(folder)) core::remove_temporaries(folder);
  }
  std::vector<std::filesystem::path> leftovers;
  collect_unpublished(segment_folder(dataset), newest.epoch, leftovers);
  collect_unpublished(deletion_folder(dataset), newest.epoch, leftovers);
  if (leftovers.empty()) return;
  // A writer that lost its lock may be about to publish one of these: fence it off first.
  lock.claim_epoch(newest.epoch);
  for (const auto& path : leftovers) std::filesystem::remove(path);
}

void publish_next(const std::filesystem::path& dataset, const Manifest& manifest, const core::FolderLock& lock) {
  lock.check_epoch();
  try {
    publish_manifest(dataset, manifest);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kConflict) throw;
    throw Error(ErrorKind::kConflict, "another writer published manifest " + std::to_string(manifest.number) +
                                          " of dataset " + core::quoted(dataset) + " first; nothing was published");
  }
}

DatasetWriter::DatasetWriter(const std::filesystem::path& dataset, double lock_timeout_s)
    : dataset_(checked_dataset(dataset)), lock_(lock_file(dataset), lock_timeout_s), manifest_(read_newest(dataset)) {
  remove_leftovers(dataset_, manifest_, lock_);
}

void DatasetWriter::begin() {
  ++manifest_.number;
  manifest_.epoch = lock_.claim_epoch(manifest_.epoch);
}

}  // namespace modyn::index
