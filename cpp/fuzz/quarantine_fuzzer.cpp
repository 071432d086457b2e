// Any bytes as a quarantine list.
#include <cstddef>
#include <cstdint>
#include <span>

#include "index/dataset_folder.hpp"
#include "ingest/quarantine_file.hpp"
#include "modyn/error.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return modyn::fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto& dataset = modyn::fuzz::scratch_folder();
  modyn::fuzz::write_file(modyn::index::quarantine_file(dataset), std::as_bytes(std::span(data, size)));
  try {
    static_cast<void>(modyn::ingest::read_quarantine(dataset));
  } catch (const modyn::Error&) {
  }
  return 0;
}
