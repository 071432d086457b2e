#include "core/sigbus_guard.hpp"

#include <gtest/gtest.h>

#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace modyn::core {
namespace {

// A page of a map whose file ends before it: reading it is a SIGBUS.
class LostPage {
 public:
  LostPage() {
    char name[] = "/tmp/modyn-lost-page-XXXXXX";
    file_ = ::mkstemp(name);
    ::unlink(name);
    EXPECT_EQ(::ftruncate(file_, 4096), 0);
    page_ = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file_, 0);
    EXPECT_EQ(::ftruncate(file_, 0), 0);
  }
  ~LostPage() {
    ::munmap(page_, 4096);
    ::close(file_);
  }
  LostPage(const LostPage&) = delete;
  LostPage& operator=(const LostPage&) = delete;

  [[nodiscard]] void* page() const noexcept { return page_; }

 private:
  int file_ = -1;
  void* page_ = nullptr;
};

void read_page(void* page) { static_cast<void>(*static_cast<volatile char*>(page)); }
void read_nothing(void*) {}

TEST(SigbusGuard, EndsACopyFromALostPageAndGoesOn) {
  const LostPage lost;
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(SigbusGuard().run(read_page, lost.page()));
    EXPECT_TRUE(SigbusGuard().run(read_nothing, nullptr));
  }
}

TEST(SigbusGuard, GuardsEachThreadForItself) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      const LostPage lost;
      for (int round = 0; round < 50; ++round) {
        if (i % 2 == 0) {
          EXPECT_FALSE(SigbusGuard().run(read_page, lost.page()));
        } else {
          EXPECT_TRUE(SigbusGuard().run(read_nothing, nullptr));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Sanitizers have handlers of their own, with their own way to end the process.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(SigbusGuardDeathTest, LeavesOtherFaultsToTheDefault) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static_cast<void>(SigbusGuard().run(read_nothing, nullptr));
        const LostPage lost;
        read_page(lost.page());
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

TEST(SigbusGuardDeathTest, LeavesSignalsSentByOthersToTheDefault) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static_cast<void>(SigbusGuard().run(read_nothing, nullptr));
        std::raise(SIGBUS);
        std::_Exit(3);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

TEST(SigbusGuardDeathTest, PassesOtherFaultsToTheHandlerBefore) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        std::signal(SIGBUS, [](int) { std::_Exit(42); });
        static_cast<void>(SigbusGuard().run(read_nothing, nullptr));
        const LostPage lost;
        read_page(lost.page());
      },
      ::testing::ExitedWithCode(42), "");
}

#endif

}  // namespace
}  // namespace modyn::core
