// Any bytes as the stored view of a small dataset; read from end to end, and at any positions.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "index/order.hpp"
#include "modyn/error.hpp"
#include "modyn/index.hpp"
#include "support/checksums.hpp"
#include "support/scratch_folder.hpp"
#include "support/small_dataset.hpp"

namespace {

using namespace modyn;

constexpr std::size_t kMostSamples = 2000;

template <typename Action>
void attempt(const Action& action) {
  try {
    action();
  } catch (const Error&) {
    // The only way to say no.
  }
}

void read(const index::Order& order) {
  const std::size_t count = std::min<std::uint64_t>(order.size(), kMostSamples);
  std::vector<std::int64_t> column(count);
  std::vector<std::uint64_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = order.size() - 1 - i;
  attempt([&] { order.keys(0, column); });
  attempt([&] { order.timestamps(0, column); });
  attempt([&] { order.labels(0, column); });
  attempt([&] { order.keys_at(positions, column); });
  attempt([&] { static_cast<void>(order.position_of_time(1'000'000)); });
  attempt([&] { order.verify(); });
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return fuzz::mutate_column_file(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto index = fuzz::small_view()->index();
  static const auto path = fuzz::scratch_folder() / "view";
  fuzz::write_file(path, std::as_bytes(std::span(data, size)));
  attempt([] { read(index::Order(index, path)); });
  return 0;
}
