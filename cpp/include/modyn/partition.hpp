// Partition: addressed randomness, keyed permutations, training sets and their slices.
//
// Every random choice is a function of an address (seed, trigger, purpose, index); nothing is
// drawn from a stream, so nothing depends on order, threads, workers or restarts.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "modyn/index.hpp"

namespace modyn {

// What a random number is for; part of its address. Values are part of the on-disk contract.
enum class Purpose : std::uint32_t {
  kShuffle = 1,       // order of a training set, index = epoch
  kSample = 2,        // earlier uniform samples; no choice is made with it any more
  kModelInit = 3,     // initial weights of a model
  kTrainingStep = 4,  // reseeding before a step, index = global step
  kDecodeBatch = 5,   // reseeding before user code decodes a batch, index = global batch
  kEvaluation = 6,
  kShuffleBlocks = 7,   // order of the blocks of a training set, index = epoch
  kShuffleInGroup = 8,  // order within a group of blocks, index = epoch * 2^32 + group
  // What selection strategies choose by. `trigger` is that of the choice unless it says otherwise.
  kPresampling = 9,      // priorities of samples, index = 0; without replacement index = cycle, trigger = 0
  kSelectionParts = 10,  // how much of a choice each part or group of a window gets
  kFreshness = 11,       // the order in which samples are used for the first time: trigger = 0, index = 0
  kFreshnessUsed = 12,   // priorities of used samples, index = 0
  kUserPolicy = 13,      // of a strategy that is not part of Modyn, index = its own
  kGreedySubset = 16,    // candidates of a step of stochastic greedy, trigger = step, index = sample / 4
  kDownsampling = 32,    // choices of a downsampler, index = number of the choice
  kHoldout = 33,         // samples that are held out for auxiliary models, index = 0
};

struct Address {
  std::uint64_t seed;
  std::uint32_t trigger;
  Purpose purpose;
  std::uint64_t index;
};

inline constexpr std::uint32_t kPhiloxVersion = 1;
inline constexpr std::uint32_t kPermutationVersion = 1;

// Philox4x32-10 (Salmon et al., SC 2011): key = seed, counter = (index low, index high, trigger, purpose).
[[nodiscard]] std::array<std::uint32_t, 4> philox(const Address& address) noexcept;
// The first two words as one 64-bit number.
[[nodiscard]] std::uint64_t random_bits(const Address& address) noexcept;
// random_bits of first.index, first.index + 1, ...
void random_bits_range(const Address& first, std::span<std::uint64_t> out) noexcept;

// A pseudo-random permutation of [0, size), computed element by element: a 6-round Feistel network
// over the smallest number of bits that holds `size` (at least 8: networks over fewer bits do not
// reach all orders of a small set equally often), with cycle walking.
class Permutation {
 public:
  Permutation(const Address& address, std::uint64_t size);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // Images of first, first + 1, ... kInvalidArgument beyond the size.
  void apply(std::uint64_t first, std::span<std::uint64_t> out) const;

 private:
  std::uint64_t size_;
  unsigned bits_;
  std::array<std::uint64_t, 6> round_keys_;
};

struct Range {
  std::uint64_t first;
  std::uint64_t count;
};

// Contiguous shares: the first (size mod parts) parts get one more. kInvalidArgument if part >= parts or parts == 0.
[[nodiscard]] Range share(std::uint64_t size, std::uint64_t part, std::uint64_t parts);

// What one trigger trains on: ranges of positions of a view, or explicit keys; weights if any.
// Ranges may repeat or overlap, keys may repeat: the set is a sequence.
class TrainingSet {
 public:
  // Both are durable when they return, never replace a file (kConflict), and record the dataset's
  // manifest and the versions of the algorithms. `weights` is empty or has one value per sample.
  // kInvalidArgument for a range beyond the view or a weight that is not finite;
  // kUnknownKey for a key that the dataset never gave out.
  static void write_ranges(const std::filesystem::path& path, const View& view, std::span<const Range> ranges,
                           std::span<const float> weights);
  static void write_keys(const std::filesystem::path& path, const View& view, std::span<const Key> keys,
                         std::span<const float> weights);

  // `view` must be the one that it was written for: kInvalidArgument if dataset, manifest or order differ.
  static std::shared_ptr<const TrainingSet> open(const std::filesystem::path& path, std::shared_ptr<const View> view);
  ~TrainingSet();
  TrainingSet(const TrainingSet&) = delete;
  TrainingSet& operator=(const TrainingSet&) = delete;

  [[nodiscard]] std::uint64_t size() const noexcept;
  [[nodiscard]] bool weighted() const noexcept;
  [[nodiscard]] const std::shared_ptr<const View>& view() const noexcept;
  // Identifies the content: equal for equal samples, weights and manifest.
  [[nodiscard]] std::uint32_t digest() const noexcept;

  // Elements at any indices of the set (what a permutation yields), or [first, first + keys.size()).
  // `weights` is empty (not wanted) or as long as `keys`; an unweighted set gives 1 for every sample.
  // kInvalidArgument beyond the end, kCorrupt if a block that is needed fails its checksum.
  void read_at(std::span<const std::uint64_t> indices, std::span<Key> keys, std::span<float> weights) const;
  void read(std::uint64_t first, std::span<Key> keys, std::span<float> weights) const;

 private:
  struct State;
  explicit TrainingSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace modyn
