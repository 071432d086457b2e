// A folder that a test changes, and a watcher of it with short times.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "modyn/watch.hpp"
#include "support/temporary_folder.hpp"

namespace modyn::testing {

// Long enough for a loaded machine; no test waits for it where all is well.
inline constexpr double kLongS = 20;
// Long enough for a change that should not be told to be told.
inline constexpr double kShortS = 0.25;
inline constexpr WatchOptions kQuick{.min_interval_s = 0.05, .quiet_s = 0.01};

class WatchedFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(root());
    const Watcher probe({{root(), "", ""}}, kQuick);
    if (!probe.scans_because().empty()) GTEST_SKIP() << probe.scans_because();
  }

  [[nodiscard]] std::filesystem::path root() const { return folder_.path() / "root"; }
  [[nodiscard]] std::filesystem::path outside() const { return folder_.path() / "outside"; }
  void make_folders(const std::string& name) const { std::filesystem::create_directories(root() / name); }
  void write(const std::string& name) const { write_text(root() / name, "text"); }

  TemporaryFolder folder_;
};

}  // namespace modyn::testing
