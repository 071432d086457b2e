#include "array_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include <sys/mman.h>

namespace modyn::bindings {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

struct Block {
  void* memory;
  std::size_t bytes;
};

std::size_t rounded_up(std::size_t bytes, std::size_t step) { return (bytes + step - 1) / step * step; }

void* allocate_block(std::size_t bytes) {
  const bool huge = bytes >= kHugePage;
  void* const memory = huge ? std::aligned_alloc(kHugePage, bytes) : std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (huge) static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));  // a wish
#endif
  return memory;
}

// Blocks in use and kept ones, the latter from the longest kept to the latest.
class Blocks {
 public:
  void* take(std::size_t bytes) {
    const std::size_t rounded = rounded_up(bytes, bytes >= kHugeArray ? kHugePage : kKeptArray);
    if (void* const kept = take_kept(rounded)) return kept;
    void* const memory = allocate_block(rounded);
    const std::lock_guard lock(mutex_);
    used_.emplace(memory, rounded);
    return memory;
  }

  // False if it is none of them.
  bool give_back(void* memory) noexcept {
    std::unique_lock lock(mutex_);
    const auto used = used_.find(memory);
    if (used == used_.end()) return false;
    const std::size_t bytes = used->second;
    used_.erase(used);
    if (bytes > kMaxKeptBytes) {
      lock.unlock();
      std::free(memory);
      return true;
    }
    kept_.push_back({memory, bytes});
    kept_bytes_ += bytes;
    while (kept_bytes_ > kMaxKeptBytes || kept_.size() > kMaxKeptBlocks) free_oldest();
    return true;
  }

 private:
  // One that is not much larger than needed, or nullptr.
  void* take_kept(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto fits = [bytes](const Block& block) { return block.bytes >= bytes && block.bytes <= bytes + bytes / 4; };
    const auto found = std::ranges::find_if(kept_.rbegin(), kept_.rend(), fits);
    if (found == kept_.rend()) return nullptr;
    const Block block = *found;
    used_.emplace(block.memory, block.bytes);
    kept_.erase(std::next(found).base());
    kept_bytes_ -= block.bytes;
    return block.memory;
  }

  void free_oldest() noexcept {
    std::free(kept_.front().memory);
    kept_bytes_ -= kept_.front().bytes;
    kept_.erase(kept_.begin());
  }

  std::mutex mutex_;
  std::unordered_map<void*, std::size_t> used_;
  std::vector<Block> kept_;
  std::size_t kept_bytes_ = 0;
};

// Never destroyed: arrays may outlive every other static object.
Blocks& blocks_of_process() {
  static Blocks* const blocks = std::make_unique<Blocks>().release();
  return *blocks;
}

}  // namespace

ArrayMemory allocate_array(std::size_t bytes) {
  if (bytes >= kKeptArray) return ArrayMemory(blocks_of_process().take(bytes));
  void* const memory = std::malloc(std::max<std::size_t>(bytes, 1));
  if (memory == nullptr) throw std::bad_alloc();
  return ArrayMemory(memory);
}

void ReturnArrayMemory::operator()(void* memory) const noexcept {
  if (!blocks_of_process().give_back(memory)) std::free(memory);
}

}  // namespace modyn::bindings
