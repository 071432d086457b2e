// Pins: files that say who still needs a manifest.
//
// Pinning and the collector's removal of manifests exclude each other by a lock of their own, which is held for
// moments only; a pin looks again for its manifest after it was published, should that lock have been lost.
#include <algorithm>
#include <cctype>
#include <string>
#include <system_error>

#include "core/file.hpp"
#include "core/folder_lock.hpp"
#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/manifest.hpp"
#include "index/pin.hpp"

namespace modyn {
namespace {

using index::pin_folder;

void check_owner(std::string_view owner) {
  constexpr std::size_t kLongest = 100;
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  if (owner.empty() || owner.size() > kLongest || !std::ranges::all_of(owner, allowed)) {
    throw Error(ErrorKind::kInvalidArgument, "owner " + core::quoted(owner) +
                                                 " of a pin must be 1 to 100 letters, digits, dots, hyphens and "
                                                 "underscores");
  }
}

void check_exists(const std::filesystem::path& dataset, std::uint64_t manifest) {
  if (std::filesystem::exists(index::manifest_file(dataset, manifest))) return;
  throw Error(ErrorKind::kInvalidArgument, "dataset " + core::quoted(dataset) + " has no manifest " +
                                               std::to_string(manifest) + " to pin; the newest is " +
                                               std::to_string(index::newest_manifest(dataset)));
}

}  // namespace

void pin_manifest(const std::filesystem::path& dataset, std::uint64_t manifest, std::string_view owner,
                  double lock_timeout_s) {
  check_owner(owner);
  check_exists(dataset, manifest);
  const index::Manifest pinned = index::read_manifest(dataset, manifest);
  core::create_folders(pin_folder(dataset));
  const core::FolderLock lock(index::pin_lock_file(dataset), lock_timeout_s);
  check_exists(dataset, manifest);
  ColumnFileWriter writer(FileKind::kPin);
  writer.add<std::uint64_t>("manifest", std::span(&manifest, 1));
  writer.add("dataset", ColumnType::kUint8, pinned.dataset);
  writer.add("owner", ColumnType::kUint8, std::as_bytes(std::span(owner)));
  const auto path = index::pin_file(dataset, manifest, owner);
  try {
    writer.publish(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kConflict) throw;  // pinned by the same owner before
  }
  try {
    check_exists(dataset, manifest);
  } catch (const Error&) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw;
  }
}

bool unpin_manifest(const std::filesystem::path& dataset, std::uint64_t manifest, std::string_view owner) {
  check_owner(owner);
  std::error_code error;
  const bool removed = std::filesystem::remove(index::pin_file(dataset, manifest, owner), error);
  if (error) core::throw_system_error("remove pin", index::pin_file(dataset, manifest, owner), error.value());
  if (removed) core::sync_folder(pin_folder(dataset));
  return removed;
}

std::vector<Pin> pins(const std::filesystem::path& dataset) {
  std::vector<Pin> found;
  std::error_code error;
  const auto folder = pin_folder(dataset);
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (auto pin = index::pin_of_name(entry->path().filename().native())) found.push_back(std::move(*pin));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    core::throw_system_error("list the pins of dataset", dataset, error.value());
  }
  std::ranges::sort(found, [](const Pin& a, const Pin& b) {
    return a.manifest != b.manifest ? a.manifest < b.manifest : a.owner < b.owner;
  });
  return found;
}

namespace index {

void check_pin(const std::filesystem::path& dataset, const Pin& pin) {
  const auto path = pin_file(dataset, pin.manifest, pin.owner);
  const auto file = ColumnFile::open(path, FileKind::kPin);
  file->verify();
  const auto manifest = file->read<std::uint64_t>("manifest");
  const auto owner = file->read<std::uint8_t>("owner");
  if (manifest.size() != 1 || manifest[0] != pin.manifest ||
      !std::ranges::equal(owner, pin.owner, {}, {}, [](char c) { return static_cast<std::uint8_t>(c); })) {
    throw Error(ErrorKind::kCorrupt, "file " + core::quoted(path) + " is damaged: it is the pin of another");
  }
  check_exists(dataset, pin.manifest);
}

}  // namespace index
}  // namespace modyn
