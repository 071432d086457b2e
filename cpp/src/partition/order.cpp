// Blockwise orders: which block stands where, and which of a group's samples is at a place.
//
// The short last block, if there is one, gets a place of its own, drawn uniformly; the permutation of the
// full blocks fills the others. So where a group begins follows from its number alone.
#include "modyn/order.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "core/message.hpp"

namespace modyn {
namespace {

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInvalidArgument, "order: " + what); }

}  // namespace

// Up to kBlocksInFlight neighbours among the permuted blocks.
struct Order::Group {
  std::uint64_t number;
  std::uint64_t first_place;  // of its samples
  std::uint64_t size;         // samples
  std::uint64_t first_slot;   // place of its first block among the blocks
  std::uint64_t slots;        // blocks
};

Order Order::unshuffled(std::uint64_t size) { return Order(size); }

Order Order::global(const Address& address, std::uint64_t size) {
  Order order(size);
  order.permutation_.emplace(address, size);
  return order;
}

Order Order::blockwise(const Address& address, std::uint64_t size, std::uint64_t block_size) {
  if (block_size == 0) refuse("a block needs at least one sample");
  if (address.index >> 32 != 0) refuse("index " + core::grouped(address.index) + " is not below 2^32");
  if (block_size > std::max<std::uint64_t>(size, 1)) block_size = std::max<std::uint64_t>(size, 1);
  if (size / block_size / kBlocksInFlight >> 32 != 0) {
    refuse("blocks of " + core::grouped(block_size) + " of " + core::grouped(size) +
           " samples are too many; take larger ones");
  }
  Order order(size);
  order.address_ = address;
  order.block_size_ = block_size;
  order.full_blocks_ = size / block_size;
  order.short_size_ = size % block_size;
  Address blocks = address;
  blocks.purpose = Purpose::kShuffleBlocks;
  order.permutation_.emplace(blocks, order.full_blocks_);
  if (order.short_size_ != 0) order.short_place_ = random_bits(blocks) % (order.full_blocks_ + 1);
  return order;
}

void Order::check_range(std::uint64_t first, std::uint64_t count) const {
  if (first <= size_ && count <= size_ - first) return;
  refuse("places [" + core::grouped(first) + ", " + core::grouped(first) + " + " + core::grouped(count) +
         ") reach beyond its size " + core::grouped(size_));
}

Order::Group Order::group_of(std::uint64_t place) const {
  const std::uint64_t blocks = full_blocks_ + (short_size_ != 0 ? 1 : 0);
  // Samples before the block at `slot`: one block among those before it may be short.
  const auto samples_before = [this](std::uint64_t slot) {
    const bool short_is_before = short_size_ != 0 && short_place_ < slot;
    return slot * block_size_ - (short_is_before ? block_size_ - short_size_ : 0);
  };
  // Too low by at most one, because what the short block lacks is less than a block.
  std::uint64_t number = place / block_size_ / kBlocksInFlight;
  const auto slot_after = [blocks](std::uint64_t group) { return std::min((group + 1) * kBlocksInFlight, blocks); };
  if (samples_before(slot_after(number)) <= place) ++number;
  const std::uint64_t first_slot = number * kBlocksInFlight;
  const std::uint64_t end_slot = slot_after(number);
  const std::uint64_t first_place = samples_before(first_slot);
  return {number, first_place, samples_before(end_slot) - first_place, first_slot, end_slot - first_slot};
}

void Order::apply_in_group(const Group& group, std::uint64_t first, std::span<std::uint64_t> out) const {
  Address within = address_;
  within.purpose = Purpose::kShuffleInGroup;
  within.index = (address_.index << 32) | group.number;
  Permutation(within, group.size).apply(first - group.first_place, out);

  const std::vector<Range> blocks = sources(group.first_place, group.size);
  const bool has_short = blocks.size() > 1 &&
                         std::ranges::any_of(blocks, [this](const Range& block) { return block.count != block_size_; });
  if (!has_short) {
    for (std::uint64_t& sample : out) sample = blocks[sample / block_size_].first + sample % block_size_;
    return;
  }
  std::array<std::uint64_t, kBlocksInFlight> ends{};
  std::uint64_t end = 0;
  for (std::size_t slot = 0; slot < blocks.size(); ++slot) ends[slot] = end += blocks[slot].count;
  for (std::uint64_t& sample : out) {
    std::size_t slot = sample / block_size_;  // or one further, behind the short block
    if (sample >= ends[slot]) ++slot;
    sample = blocks[slot].first + (sample - (ends[slot] - blocks[slot].count));
  }
}

void Order::apply(std::uint64_t first, std::span<std::uint64_t> out) const {
  check_range(first, out.size());
  if (!permutation_) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = first + i;
    return;
  }
  if (block_size_ == 0) {
    permutation_->apply(first, out);
    return;
  }
  while (!out.empty()) {
    const Group group = group_of(first);
    const std::size_t count = std::min<std::uint64_t>(out.size(), group.first_place + group.size - first);
    apply_in_group(group, first, out.first(count));
    first += count;
    out = out.subspan(count);
  }
}

std::vector<Range> Order::sources(std::uint64_t first, std::uint64_t count) const {
  check_range(first, count);
  if (count == 0) return {};
  if (!permutation_) return {{first, count}};
  if (block_size_ == 0) return {{0, size_}};
  std::vector<Range> ranges;
  for (std::uint64_t place = first; place < first + count;) {
    const Group group = group_of(place);
    for (std::uint64_t slot = group.first_slot; slot < group.first_slot + group.slots; ++slot) {
      if (short_size_ != 0 && slot == short_place_) {
        ranges.push_back({full_blocks_ * block_size_, short_size_});
        continue;
      }
      std::uint64_t block = 0;
      const bool short_is_before = short_size_ != 0 && short_place_ < slot;
      permutation_->apply(slot - (short_is_before ? 1 : 0), {&block, 1});
      ranges.push_back({block * block_size_, block_size_});
    }
    place = group.first_place + group.size;
  }
  return ranges;
}

}  // namespace modyn
