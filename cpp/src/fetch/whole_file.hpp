// Samples that are whole files: opened, read and closed, for a map would cost more than the bytes.
#pragma once

#include <cstddef>
#include <span>

#include "fetch/open_source.hpp"
#include "fetch/source_files.hpp"
#include "modyn/index.hpp"

namespace modyn::fetch {

// Whether the sample at `place` is all that was ingested of its file.
[[nodiscard]] inline bool is_whole_file(const SourceFile& source, const Place& place) noexcept {
  return place.offset == 0 && place.length == source.ingested_bytes && place.cut_length == 0;
}

// Fills `out`, which has the ingested size, and then compares the file with the index. Errors as of OpenSource.
void read_whole_file(const SourceFiles::Found& found, std::span<std::byte> out);

// Announces that it will be read soon; returns whether it seems to be in the page cache.
core::Residency advise_whole_file(const SourceFiles::Found& found);

}  // namespace modyn::fetch
