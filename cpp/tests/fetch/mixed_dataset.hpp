// A dataset with extents of every kind over real files, in which the bytes of every sample follow from its key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "index/manifest.hpp"
#include "index/segment_builder.hpp"
#include "modyn/index.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::testing {

class MixedDataset {
 public:
  // Of fixed records, to which pushed samples may be added, or, without a format, of samples of any size.
  explicit MixedDataset(std::optional<FixedRecordFormat> format = std::nullopt);

  // Each adds one file (add_files: `samples` files) with samples of the next keys. An owned file lies in the dataset's
  // folder, the others below the root.
  std::filesystem::path add_records(std::uint64_t samples);
  std::filesystem::path add_pushed_samples(std::uint64_t samples);
  // Rows with bytes between them that belong to none, and a cut inside or at an end of each.
  std::filesystem::path add_rows(const std::vector<std::uint64_t>& sizes, bool owned = false);
  // Returns the folder that they are in; file number n of it is called "<n>.img".
  std::filesystem::path add_files(const std::vector<std::uint64_t>& sizes);
  // Rows at the end of a sparse file, behind `hole` bytes of nothing.
  std::filesystem::path add_rows_behind(std::uint64_t hole, const std::vector<std::uint64_t>& sizes);

  // Publishes what was added.
  std::shared_ptr<const Index> commit();

  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path dataset() const { return folder_.path() / "dataset"; }
  [[nodiscard]] std::uint64_t samples() const noexcept { return sizes_.size(); }
  [[nodiscard]] std::vector<std::byte> sample(Key key) const;
  [[nodiscard]] std::int64_t label(Key key) const;

 private:
  [[nodiscard]] std::filesystem::path new_path(bool owned) const;
  std::uint32_t register_file(const std::filesystem::path& path, bool owned, bool with_fingerprint);
  [[nodiscard]] index::PackedIntegers labels_of_next(std::uint64_t samples) const;
  std::filesystem::path write_rows(std::uint64_t base, const std::vector<std::uint64_t>& sizes, bool owned);

  TemporaryFolder folder_;
  std::optional<FixedRecordFormat> format_;
  index::Manifest manifest_;
  std::unique_ptr<index::SegmentBuilder> segment_;
  std::vector<std::uint64_t> sizes_;  // of the samples, by key
  int files_ = 0;
};

}  // namespace modyn::testing
