// Survives the SIGBUS of reading a map beyond the end of a file that was cut short meanwhile.
//
// The first use installs one handler for the process; while a thread is inside run(), a
// SIGBUS of that thread ends the copy. Every other SIGBUS goes on to the handler that was installed
// before (Python's faulthandler, a sanitizer's, a crash reporter's) or, without one, kills the
// process as it would have. A handler installed after ours that passes the signal on by raising it
// again, as faulthandler does, works as well.
#pragma once

#include <csignal>

namespace modyn::core {

// For one thread: the one that makes it. It costs a system call, a copy under it none.
class SigbusGuard {
 public:
  SigbusGuard();
  SigbusGuard(const SigbusGuard&) = delete;
  SigbusGuard& operator=(const SigbusGuard&) = delete;

  // Runs copy(context) and returns true, or false if it was ended by a SIGBUS. `copy` may be left in
  // its middle without unwinding: it must hold no lock and no object with a destructor, and what it
  // wrote counts as garbage then. Calls do not nest.
  [[nodiscard]] bool run(void (*copy)(void* context), void* context) const;

 private:
  sigset_t mask_;
};

}  // namespace modyn::core
