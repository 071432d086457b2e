// The right to publish the next manifest of a dataset.
#pragma once

#include <filesystem>

#include "core/folder_lock.hpp"
#include "index/manifest.hpp"

namespace modyn::index {

// Removes what killed writers left: temporary files, and files whose epoch is higher than that of the newest
// manifest, for no manifest names them. `newest` is that manifest, or an empty one. Only under the lock.
void remove_leftovers(const std::filesystem::path& dataset, const Manifest& newest, core::FolderLock& lock);

// Publishes `manifest`, whose epoch `lock` has claimed. kConflict if another writer took over: then nothing is visible.
void publish_next(const std::filesystem::path& dataset, const Manifest& manifest, const core::FolderLock& lock);

// Holds the lock of a dataset that exists and changes what its newest manifest says.
class DatasetWriter {
 public:
  // kIo if there is no such dataset, kConflict if another writer holds the lock for longer.
  DatasetWriter(const std::filesystem::path& dataset, double lock_timeout_s);

  [[nodiscard]] const std::filesystem::path& dataset() const noexcept { return dataset_; }
  [[nodiscard]] core::FolderLock& lock() noexcept { return lock_; }
  // The newest one, then the next one from begin() on.
  [[nodiscard]] Manifest& manifest() noexcept { return manifest_; }

  // Before the first file is written: claims the epoch and counts the manifest on.
  void begin();
  void publish() const { publish_next(dataset_, manifest_, lock_); }

 private:
  std::filesystem::path dataset_;
  core::FolderLock lock_;
  Manifest manifest_;
};

}  // namespace modyn::index
