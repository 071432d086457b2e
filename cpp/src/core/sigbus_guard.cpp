#include "core/sigbus_guard.hpp"

#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>
#include <string>

#include "modyn/error.hpp"

namespace modyn::core {
namespace {

// Where the current thread goes on after a SIGBUS; null outside SigbusGuard::run(). Initial-exec, because
// the handler must not allocate the block of thread-local variables of a library loaded late.
#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]
#endif
thread_local sigjmp_buf* landing = nullptr;

struct sigaction previous_action;

void pass_on(int signal_number, siginfo_t* info, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal_number, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal_number);
  } else {
    // Back in the faulting instruction the signal comes again and has its default effect.
    sigaction(signal_number, &previous_action, nullptr);
    if (info->si_code <= 0) raise(signal_number);  // sent by a process, not by a fault: will not come again by itself
  }
}

void handle_sigbus(int signal_number, siginfo_t* info, void* context) {
  if (landing != nullptr) siglongjmp(*landing, 1);
  pass_on(signal_number, info, context);
}

bool install() {
  struct sigaction action{};
  action.sa_sigaction = handle_sigbus;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  if (sigaction(SIGBUS, &action, &previous_action) != 0) {
    throw Error(ErrorKind::kIo, std::string("cannot install a handler for SIGBUS: ") + std::strerror(errno));
  }
  return true;
}

}  // namespace

SigbusGuard::SigbusGuard() {
  static const bool installed = install();
  static_cast<void>(installed);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
}

bool SigbusGuard::run(void (*copy)(void* context), void* context) const {
  sigjmp_buf here;
  if (sigsetjmp(here, 0) != 0) {
    landing = nullptr;
    // The handler, and whoever called it, may have blocked signals.
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    return false;
  }
  landing = &here;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  copy(context);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  landing = nullptr;
  return true;
}

}  // namespace modyn::core
