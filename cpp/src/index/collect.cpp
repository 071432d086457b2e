// The collector: removes what no manifest needs that anybody may still read.
#include <ctime>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <sys/stat.h>

#include "core/file.hpp"
#include "core/folder_lock.hpp"
#include "core/message.hpp"
#include "core/publish.hpp"
#include "index/dataset_folder.hpp"
#include "index/dataset_writer.hpp"
#include "modyn/maintenance.hpp"

namespace modyn {
namespace {

class Collector {
 public:
  Collector(const std::filesystem::path& dataset, double grace_s) : dataset_(dataset), grace_s_(grace_s) {}

  CollectReport run(double lock_timeout_s) {
    remove_manifests(lock_timeout_s);
    // All remaining ones are read before anything else goes: one that cannot be read may need any file.
    for (const std::uint64_t number : remaining_) {
      for (const index::SegmentEntry& segment : index::read_manifest(dataset_, number).segments) {
        needed_.insert(segment.name);
        needed_.insert(segment.deletions.name);
      }
    }
    const auto unneeded = [this](const std::string& name) { return !needed_.contains(name); };
    report_.segments = remove_files(index::segment_folder(dataset_), [&](const std::string& name) {
      return index::is_segment_name(name) && unneeded(name);
    });
    report_.deletions = remove_files(index::deletion_folder(dataset_), [&](const std::string& name) {
      return index::is_deletion_name(name) && unneeded(name);
    });
    report_.views = remove_files(index::view_folder(dataset_), [this](const std::string& name) {
      const auto manifest = index::manifest_of_view(name);
      return manifest && !remaining_.contains(*manifest);
    });
    // Readers write views and pins without the dataset's lock: what is young may be one in the making.
    const auto old_temporary = [this](const std::string& name) { return core::is_temporary(name); };
    for (const auto& folder : {index::view_folder(dataset_), index::pin_folder(dataset_)}) {
      report_.temporaries += remove_files(folder, old_temporary, grace_s_);
    }
    return report_;
  }

 private:
  // Seconds since the file was written; negative for one from the future.
  static double age_of(const std::filesystem::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return -1;
    return std::difftime(std::time(nullptr), status.st_mtime);
  }

  void remove_manifests(double lock_timeout_s) {
    core::create_folders(index::pin_folder(dataset_));
    const core::FolderLock lock(index::pin_lock_file(dataset_), lock_timeout_s);
    std::set<std::uint64_t> pinned;
    for (const Pin& pin : pins(dataset_)) pinned.insert(pin.manifest);
    const std::vector<std::uint64_t> numbers = index::manifest_numbers(dataset_);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      // A manifest is out of use since the next one was published.
      const bool newest = i + 1 == numbers.size();
      const bool keep =
          newest || pinned.contains(numbers[i]) || age_of(index::manifest_file(dataset_, numbers[i + 1])) < grace_s_;
      if (keep) {
        remaining_.insert(numbers[i]);
      } else {
        remove(index::manifest_file(dataset_, numbers[i]));
        ++report_.manifests;
      }
    }
    if (report_.manifests > 0) core::sync_folder(index::manifest_folder(dataset_));
    // Left by who was killed while pinning.
    for (const Pin& pin : pins(dataset_)) {
      if (!remaining_.contains(pin.manifest)) remove(index::pin_file(dataset_, pin.manifest, pin.owner));
    }
  }

  template <typename Unwanted>
  std::uint64_t remove_files(const std::filesystem::path& folder, Unwanted unwanted, double min_age_s = -1) {
    std::vector<std::filesystem::path> found;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      if (unwanted(entry->path().filename().string())) found.push_back(entry->path());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      core::throw_system_error("list folder", folder, error.value());
    }
    std::uint64_t removed = 0;
    for (const auto& path : found) {
      if (min_age_s >= 0 && age_of(path) < min_age_s) continue;
      remove(path);
      ++removed;
    }
    return removed;
  }

  void remove(const std::filesystem::path& path) {
    std::error_code error;
    const std::uint64_t bytes = std::filesystem::file_size(path, error);
    if (!error) report_.bytes += bytes;
    std::filesystem::remove(path, error);
    if (error) core::throw_system_error("remove", path, error.value());
  }

  std::filesystem::path dataset_;
  double grace_s_;
  std::set<std::uint64_t> remaining_;
  std::set<std::string> needed_;
  CollectReport report_{};
};

}  // namespace

CollectReport collect(const std::filesystem::path& dataset, double grace_s, double lock_timeout_s) {
  if (!(grace_s >= 0)) {
    throw Error(ErrorKind::kInvalidArgument, "a period of grace of " + std::to_string(grace_s) + " s is not possible");
  }
  index::DatasetWriter writer(dataset, lock_timeout_s);
  // A writer that lost the lock may be about to publish files that no manifest names yet: fence it off first.
  writer.lock().claim_epoch(writer.manifest().epoch);
  return Collector(dataset, grace_s).run(lock_timeout_s);
}

}  // namespace modyn
