#include "modyn/index.hpp"

#include <algorithm>

#include "core/column_file_layout.hpp"
#include "core/message.hpp"
#include "index/dataset_folder.hpp"
#include "index/index_state.hpp"
#include "index/manifest.hpp"
#include "index/segment.hpp"

namespace modyn {
namespace {

index::Manifest read_pinned(const std::filesystem::path& dataset, std::uint64_t number) {
  // An absent manifest is a caller's mistake, unless files were removed: say which there are.
  if (!std::filesystem::exists(index::manifest_file(dataset, number))) {
    throw Error(ErrorKind::kInvalidArgument, "dataset " + core::quoted(dataset) + " has no manifest " +
                                                 std::to_string(number) + "; the newest is " +
                                                 std::to_string(index::newest_manifest(dataset)));
  }
  return index::read_manifest(dataset, number);
}

}  // namespace

std::shared_ptr<const Index> Index::open(const std::filesystem::path& dataset, std::optional<std::uint64_t> manifest) {
  while (true) {
    const std::uint64_t number = manifest ? *manifest : index::newest_manifest(dataset);
    try {
      auto state = std::make_unique<State>(dataset, number == 0 ? index::Manifest{} : read_pinned(dataset, number));
      return std::shared_ptr<const Index>(new Index(std::move(state)));
    } catch (const Error&) {
      // It may have been collected while it was opened, but not as the newest one.
      if (manifest || index::newest_manifest(dataset) == number) throw;
    }
  }
}

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::~Index() = default;

const IndexSummary& Index::summary() const noexcept { return state_->summary; }

const std::string& Index::format() const noexcept { return state_->manifest.format; }

const FixedRecordFormat* Index::fixed_records() const noexcept {
  return state_->fixed_records ? &*state_->fixed_records : nullptr;
}

std::array<std::byte, 16> Index::identity() const noexcept { return state_->manifest.dataset; }

SourceFile Index::source_file(std::uint32_t file) const {
  if (file >= state_->manifest.next_file) {
    throw Error(ErrorKind::kInvalidArgument, "there is no source file " + std::to_string(file) + "; dataset " +
                                                 core::quoted(state_->dataset) + " has " +
                                                 core::grouped(std::uint64_t{state_->manifest.next_file}));
  }
  const index::Segment& segment = state_->segment_of_file(file);
  const std::uint32_t row = file - segment.entry().first_file;
  if (const State::Update* update = state_->find_update(file)) {
    return state_->segments[update->segment]->updates().at(update->row, segment.path(row));
  }
  return segment.files().at(row, segment.path(row));
}

std::uint32_t Index::source_files() const noexcept { return state_->manifest.next_file; }

void Index::verify() const {
  for (const auto& segment : state_->segments) segment->verify();
}

}  // namespace modyn
