// Real files of records whose every byte follows from the sample's key, scanned into a dataset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "modyn/index.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::testing {

// Files in the order of their modification times, so that the records of all files, one after the
// other, have the keys 0, 1, 2, ... The record of key k holds bytes that follow from k.
class RecordFiles {
 public:
  // `records`: how many each file has.
  RecordFiles(const FixedRecordFormat& format, const std::vector<std::uint64_t>& records);

  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path() / "dataset"; }
  [[nodiscard]] std::filesystem::path file(std::size_t number) const;
  [[nodiscard]] const FixedRecordFormat& format() const noexcept { return format_; }
  [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }

  // Scans, and opens what there is afterwards.
  std::shared_ptr<const Index> scan();

  // Appends `records` records with the next keys to an existing file.
  void append(std::size_t number, std::uint64_t records);

  // What a fetch of `key` must give.
  [[nodiscard]] std::vector<std::byte> record(Key key) const;
  [[nodiscard]] std::vector<std::byte> sample(Key key) const;
  [[nodiscard]] std::int64_t label(Key key) const;

  // Gives a file the modification time that it was scanned with.
  void restore_time(std::size_t number) const;

 private:
  void write(std::size_t number, std::uint64_t records, bool append) const;

  TemporaryFolder folder_;
  FixedRecordFormat format_;
  std::uint64_t samples_ = 0;
};

}  // namespace modyn::testing
