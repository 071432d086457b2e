#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>

#include <optional>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bind.hpp"
#include "modyn/order.hpp"
#include "modyn/partition.hpp"
#include "paths.hpp"
#include "ranges.hpp"

namespace modyn::bindings {
namespace {

using namespace nanobind::literals;

Address address_of(std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose, std::uint64_t index) {
  return {.seed = seed, .trigger = trigger, .purpose = static_cast<Purpose>(purpose), .index = index};
}

std::span<const float> weights_of(const std::optional<Column<float>>& weights) {
  return weights ? weights->span() : std::span<const float>();
}

// Keys, and weights if the set has any, filled by read(keys, weights).
template <typename Read>
nb::tuple read_columns(const TrainingSet& set, std::size_t size, const Read& read) {
  Buffer<Key> keys(size);
  Buffer<float> weights(set.weighted() ? size : 0);
  released([&] { read(keys.span(), weights.span()); });
  nb::object no_weights = nb::none();
  return set.weighted() ? nb::make_tuple(std::move(keys).to_array(), std::move(weights).to_array())
                        : nb::make_tuple(std::move(keys).to_array(), no_weights);
}

void bind_randomness(nb::module_& module) {
  const std::pair<const char*, Purpose> purposes[] = {
      {"PURPOSE_SHUFFLE", Purpose::kShuffle},          {"PURPOSE_SAMPLE", Purpose::kSample},
      {"PURPOSE_MODEL_INIT", Purpose::kModelInit},     {"PURPOSE_TRAINING_STEP", Purpose::kTrainingStep},
      {"PURPOSE_DECODE_BATCH", Purpose::kDecodeBatch}, {"PURPOSE_EVALUATION", Purpose::kEvaluation},
      {"PURPOSE_PRESAMPLING", Purpose::kPresampling},  {"PURPOSE_SELECTION_PARTS", Purpose::kSelectionParts},
      {"PURPOSE_FRESHNESS", Purpose::kFreshness},      {"PURPOSE_FRESHNESS_USED", Purpose::kFreshnessUsed},
      {"PURPOSE_USER_POLICY", Purpose::kUserPolicy},   {"PURPOSE_DOWNSAMPLING", Purpose::kDownsampling},
      {"PURPOSE_HOLDOUT", Purpose::kHoldout}};
  for (const auto& [name, purpose] : purposes) module.attr(name) = static_cast<std::uint32_t>(purpose);

  module.def(
      "random_bits",
      [](std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose, std::uint64_t index) {
        return random_bits(address_of(seed, trigger, purpose, index));
      },
      "seed"_a, "trigger"_a, "purpose"_a, "index"_a,
      "64 random bits: a pure function of the address (Philox4x32-10, Salmon et al., SC 2011).");
  module.def(
      "random_bits_range",
      [](std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose, std::uint64_t first, std::uint64_t count) {
        Buffer<std::uint64_t> bits(count);
        released([&] { random_bits_range(address_of(seed, trigger, purpose, first), bits.span()); });
        return std::move(bits).to_array();
      },
      "seed"_a, "trigger"_a, "purpose"_a, "first"_a, "count"_a,
      "uint64[count]: random_bits of the indices first, first + 1, ...");
  module.def(
      "share",
      [](std::uint64_t size, std::uint64_t part, std::uint64_t parts) {
        const Range range = share(size, part, parts);
        return std::pair(range.first, range.count);
      },
      "size"_a, "part"_a, "parts"_a,
      "(first, count) of a contiguous share; the first `size mod parts` parts get one more.\n\n"
      "Raises ValueError if part >= parts.");

  nb::class_<Permutation>(module, "Permutation",
                          "A pseudo-random permutation of [0, size), computed element by element, without memory.\n\n"
                          "A 6-round Feistel network with cycle walking (Black and Rogaway, CT-RSA 2002), keyed by "
                          "Philox.")
      .def(
          "__init__",
          [](Permutation* self, std::uint64_t seed, std::uint32_t trigger, std::uint32_t purpose, std::uint64_t index,
             std::uint64_t size) { new (self) Permutation(address_of(seed, trigger, purpose, index), size); },
          "seed"_a, "trigger"_a, "purpose"_a, "index"_a, "size"_a)
      .def("__len__", &Permutation::size)
      .def_prop_ro("size", &Permutation::size)
      .def(
          "apply",
          [](const Permutation& permutation, std::uint64_t first, std::uint64_t count) {
            Buffer<std::uint64_t> images(count);
            released([&] { permutation.apply(first, images.span()); });
            return std::move(images).to_array();
          },
          "first"_a, "count"_a, "uint64[count] images of first, first + 1, ...; ValueError beyond the size.");
}

void bind_order(nb::module_& module) {
  nb::class_<Order>(module, "Order",
                    "In which order an epoch goes through a set, computed for any range of places, without memory.")
      .def_static("unshuffled", &Order::unshuffled, "size"_a, "Sample i at place i.")
      .def_static(
          "global_shuffle",
          [](std::uint64_t seed, std::uint32_t trigger, std::uint64_t epoch, std::uint64_t size) {
            return Order::global(address_of(seed, trigger, static_cast<std::uint32_t>(Purpose::kShuffle), epoch), size);
          },
          "seed"_a, "trigger"_a, "epoch"_a, "size"_a, "One permutation of all samples.")
      .def_static(
          "blockwise_shuffle",
          [](std::uint64_t seed, std::uint32_t trigger, std::uint64_t epoch, std::uint64_t size,
             std::uint64_t block_size) {
            const Address address = address_of(seed, trigger, static_cast<std::uint32_t>(Purpose::kShuffle), epoch);
            return Order::blockwise(address, size, block_size);
          },
          "seed"_a, "trigger"_a, "epoch"_a, "size"_a, "block_size"_a,
          "Blocks of `block_size` consecutive samples in random order, samples mixed within 32 of them at a time.\n\n"
          "Raises ValueError if block_size is 0 or epoch is not below 2^32.")
      .def("__len__", &Order::size)
      .def_prop_ro("size", &Order::size)
      .def(
          "apply",
          [](const Order& order, std::uint64_t first, std::uint64_t count) {
            Buffer<std::uint64_t> samples(count);
            released([&] { order.apply(first, samples.span()); });
            return std::move(samples).to_array();
          },
          "first"_a, "count"_a, "uint64[count] samples at places first, first + 1, ...; ValueError beyond the size.");
  module.attr("BLOCKS_IN_FLIGHT") = kBlocksInFlight;
}

void bind_training_set(nb::module_& module) {
  nb::class_<TrainingSet>(module, "TrainingSet",
                          "What one trigger trains on: ranges of positions of a view, or keys; weights if any.")
      .def_static(
          "write_ranges",
          [](const Path& path, const View& view, const Pairs& ranges, const std::optional<Column<float>>& weights) {
            const std::vector<Range> of_positions = ranges_of(ranges);
            released([&] { TrainingSet::write_ranges(path, view, of_positions, weights_of(weights)); });
          },
          "path"_a, "view"_a, "ranges"_a, "weights"_a = nb::none(),
          "Write uint64[m, 2] ranges (first position, count) and float32[n] weights to a new file, durably.\n\n"
          "Raises ConflictError if the file exists, ValueError for ranges beyond the view.")
      .def_static(
          "write_keys",
          [](const Path& path, const View& view, const Column<Key>& keys, const std::optional<Column<float>>& weights) {
            released([&] { TrainingSet::write_keys(path, view, keys.span(), weights_of(weights)); });
          },
          "path"_a, "view"_a, "keys"_a, "weights"_a = nb::none(),
          "Write int64[n] keys and float32[n] weights to a new file, durably.\n\n"
          "Raises ConflictError if the file exists, UnknownKeyError for keys that the dataset never had.")
      .def_static(
          "open",
          [](const Path& path, const std::shared_ptr<const View>& view) {
            return released([&] { return TrainingSet::open(path, view); });
          },
          "path"_a, "view"_a,
          "Open a file; `view` must be the one that it was written for, else ValueError. CorruptFileError if damaged.")
      .def("__len__", &TrainingSet::size)
      .def_prop_ro("weighted", &TrainingSet::weighted)
      .def_prop_ro("view", &TrainingSet::view)
      .def_prop_ro("digest", &TrainingSet::digest, "32 bits that identify samples, weights and manifest.")
      .def(
          "read",
          [](const TrainingSet& set, std::uint64_t first, std::uint64_t count) {
            return read_columns(set, count, [&](auto keys, auto weights) { set.read(first, keys, weights); });
          },
          "first"_a, "count"_a,
          nb::sig("def read(self, first: int, count: int) -> "
                  "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]"),
          "(int64[count] keys, float32[count] weights or None) of samples [first, first + count).")
      .def(
          "read_at",
          [](const TrainingSet& set, const Column<std::uint64_t>& indices) {
            return read_columns(set, indices.span().size(),
                                [&](auto keys, auto weights) { set.read_at(indices.span(), keys, weights); });
          },
          "indices"_a,
          nb::sig("def read_at(self, indices: numpy.typing.ArrayLike) -> "
                  "tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.float32] | None]"),
          "The same for uint64[n] indices in any order.");
}

}  // namespace

void bind_partition(nb::module_& module) {
  bind_randomness(module);
  bind_order(module);
  bind_training_set(module);
}

}  // namespace modyn::bindings
