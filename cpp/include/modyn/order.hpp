// Order: in which order an epoch goes through the samples of a set.
//
// Every order is a function from places to samples, computed for any range of places alone: no list
// of indices is ever held, and a restarted run deals the same batches.
//
// global     One keyed permutation of all samples. The best mixing there is. Neighbours in the order lie
//            anywhere in the files, so cold data cost one disk access for each sample.
// blockwise  The set is cut into blocks of `block_size` consecutive samples (the last may be shorter). The
//            blocks are permuted, and every kBlocksInFlight of them that follow each other in that order are
//            a group, whose samples are permuted among each other. Reading is sequential within a
//            block, so a disk reads whole blocks, and only one group has to be in memory at a time. A batch is
//            drawn from kBlocksInFlight * block_size samples, not from all: neighbours of the set
//            (frames of one video, records of one minute) meet in the same group, though seldom in the same
//            batch. Permuting only inside each block would give batches of a single block; permuting only
//            blocks would keep all neighbours.
//
// benchmarks/shuffle_modes.py measures both on a cold file: samples per second and how well they mix.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modyn/partition.hpp"

namespace modyn {

inline constexpr std::uint32_t kBlockwiseVersion = 1;
// Blocks whose samples are mixed. Part of the version: another number is another order.
inline constexpr std::uint64_t kBlocksInFlight = 32;

class Order {
 public:
  // Sample i at place i.
  static Order unshuffled(std::uint64_t size);
  // Permutation(address, size).
  static Order global(const Address& address, std::uint64_t size);
  // As above; the same address gives an order that has nothing to do with global's. kInvalidArgument if
  // block_size is 0, or if the address's index is not below 2^32 (the groups' own addresses need the rest).
  static Order blockwise(const Address& address, std::uint64_t size, std::uint64_t block_size);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_shuffled() const noexcept { return permutation_.has_value(); }

  // The samples at the places first, first + 1, ... kInvalidArgument beyond the size.
  void apply(std::uint64_t first, std::span<std::uint64_t> out) const;

  // Ranges of samples that hold those at the places [first, first + count), for reading ahead: the
  // blocks of the groups that are touched if blockwise, everything if global. kInvalidArgument beyond the size.
  [[nodiscard]] std::vector<Range> sources(std::uint64_t first, std::uint64_t count) const;

 private:
  struct Group;
  explicit Order(std::uint64_t size) : size_(size) {}
  void check_range(std::uint64_t first, std::uint64_t count) const;
  [[nodiscard]] Group group_of(std::uint64_t place) const;
  void apply_in_group(const Group& group, std::uint64_t first, std::span<std::uint64_t> out) const;

  std::uint64_t size_;
  std::optional<Permutation> permutation_;  // of the samples if global, of the full blocks if blockwise
  // Blockwise only.
  Address address_{};
  std::uint64_t block_size_ = 0;   // 0: not blockwise
  std::uint64_t full_blocks_ = 0;  // blocks of block_size_ samples
  std::uint64_t short_size_ = 0;   // samples of the last block if it is shorter, else 0
  std::uint64_t short_place_ = 0;  // where it stands among the permuted blocks
};

}  // namespace modyn
