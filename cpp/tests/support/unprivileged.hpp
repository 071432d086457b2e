// Runs a check as somebody to whom file permissions apply (tests often run as root).
#pragma once

#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>

namespace modyn::testing {

// What `check` returns in a child process that has given up root's rights, if this process has them.
template <typename Check>
bool holds_unprivileged(Check check) {
  constexpr uid_t kNobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(2);
    bool holds = false;
    try {
      holds = check();
    } catch (...) {
      ::_exit(3);
    }
    ::_exit(holds ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Lets everybody read, and write, what is in a folder that only its owner could enter.
inline void open_to_all(const std::filesystem::path& folder) {
  std::filesystem::permissions(folder, std::filesystem::perms::all);
}

}  // namespace modyn::testing
