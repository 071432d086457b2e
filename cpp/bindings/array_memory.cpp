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

void* allocate_large(std::size_t bytes) {
  void* const memory = std::aligned_alloc(kHugePage, bytes);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  static_cast<void>(::madvise(memory, bytes, MADV_HUGEPAGE));  // a wish
#endif
  return memory;
}

// Large blocks in use and kept ones, the latter from the longest kept to the latest.
class LargeBlocks {
 public:
  void* take(std::size_t bytes) {
    const std::size_t rounded = (bytes + kHugePage - 1) / kHugePage * kHugePage;
    if (void* const kept = take_kept(rounded)) return kept;
    void* const memory = allocate_large(rounded);
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
    while (kept_bytes_ > kMaxKeptBytes) free_oldest();
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
LargeBlocks& large_blocks() {
  static LargeBlocks* const blocks = std::make_unique<LargeBlocks>().release();
  return *blocks;
}

}  // namespace

ArrayMemory allocate_array(std::size_t bytes) {
  if (bytes >= kLargeArray) return ArrayMemory(large_blocks().take(bytes));
  void* const memory = std::malloc(std::max<std::size_t>(bytes, 1));
  if (memory == nullptr) throw std::bad_alloc();
  return ArrayMemory(memory);
}

void ReturnArrayMemory::operator()(void* memory) const noexcept {
  if (!large_blocks().give_back(memory)) std::free(memory);
}

}  // namespace modyn::bindings
