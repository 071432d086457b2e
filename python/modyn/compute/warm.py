"""The warm parent: has torch and the jobs' modules imported, and forks one child per job.

Starting an interpreter and importing torch takes seconds; forking a process that has done so takes
milliseconds. Forking is safe only while there is one thread and no library has set up state that a
fork breaks (an OpenMP pool, CUDA), so this process does nothing but import, wait and fork, and looks
before every fork: should an import have started a thread, the job gets a fresh interpreter instead.
macOS, whose system libraries do not survive a fork, always gets one.

Why not `multiprocessing` with its forkserver: it runs the user's `__main__` again in every child, so
a script without a guard would start its pipeline once more; it pickles what it hands over; there is
one server per process, shared with whatever else the user's program does; its children outlive a
killed parent; and a child's exit status is lost with the server.

The warm parent and all jobs end when the supervisor's end of the control socket closes.
"""

from __future__ import annotations

import importlib
import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modyn.compute.channel import Channel
from modyn.compute.child import run_job

_TASKS = Path("/proc/self/task")


def serve(descriptor: int, preload: Sequence[str], fork: bool) -> None:
    """Import `preload`, then start jobs as the supervisor asks on the control socket `descriptor`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for module in preload:
        try:
            importlib.import_module(module)
        except Exception as error:
            # The job that needs the module will fail to import it too, and report that with its traceback.
            print(f"modyn: {module} could not be imported in advance: {error}", file=sys.stderr)
    _WarmParent(Channel(socket.socket(fileno=descriptor)), fork).run()


class _WarmParent:
    def __init__(self, control: Channel, fork: bool) -> None:
        self._control = control
        self._fork = fork
        self._jobs: dict[int, int] = {}  # process id -> job
        self._wake_receiver, self._wake_sender = socket.socketpair()
        for end in (self._wake_receiver, self._wake_sender):
            end.setblocking(False)
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_sender.fileno(), warn_on_full_buffer=False)
        try:
            self._selector.register(self._control, selectors.EVENT_READ)
            self._selector.register(self._wake_receiver, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in self._selector.select()}
                if self._wake_receiver in ready:
                    self._wake_receiver.recv(4096)
                    self._reap()
                if self._control in ready and not self._obey():
                    return
        except OSError:
            return  # the supervisor is gone: a report could not be delivered
        finally:
            for process in self._jobs:
                os.kill(process, signal.SIGKILL)

    def _obey(self) -> bool:
        """Do what the supervisor asks; False when it is gone."""
        while True:
            received = self._control.receive_with_descriptors(1)
            if received is None:
                return False
            message, descriptors = received
            if "start" in message:
                self._start(message["start"], descriptors[0])
            elif "signal" in message:
                self._signal(message["job"], message["signal"])
            if not self._control.buffered:
                return True

    def _start(self, job: int, descriptor: int) -> None:
        how = "fork" if self._fork and _threads() == 1 else "exec"
        try:
            process = os.fork()
        except OSError as error:
            os.close(descriptor)
            self._control.send({"refused": job, "reason": str(error)})
            return
        if process == 0:
            self._become_child(descriptor, how)
        os.close(descriptor)
        self._jobs[process] = job
        self._control.send({"started": job, "process": process, "how": how})

    def _become_child(self, descriptor: int, how: str) -> None:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if how == "exec":
                os.set_inheritable(descriptor, True)
                os.execv(sys.executable, [sys.executable, "-c", interpreter_code("child", descriptor)])
            self._selector.close()
            self._wake_receiver.close()
            self._wake_sender.close()
            self._control.close()
            run_job(descriptor)
        finally:
            # Never back into the parent's loop, whatever happened.
            os._exit(70)

    def _signal(self, job: int, number: int) -> None:
        for process, running in self._jobs.items():
            # Not reaped yet, so the number still belongs to this job.
            if running == job:
                os.kill(process, number)

    def _reap(self) -> None:
        while self._jobs:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            job = self._jobs.pop(process, None)
            if job is not None:
                self._control.send({"exited": job, "code": os.waitstatus_to_exitcode(status)})


def _threads() -> int:
    """Threads of this process; those of native libraries are seen only where there is a /proc."""
    return sum(1 for _ in _TASKS.iterdir()) if _TASKS.is_dir() else threading.active_count()


def interpreter_code(module: str, *arguments: Any) -> str:
    """Code for `python -c` that runs `main` of a module here with this process's import path.

    `-m` would resolve modules against a path that is not the supervisor's, and would give
    multiprocessing a `__main__` to import again in loader workers.
    """
    path = [str(Path(entry).absolute()) for entry in sys.path]
    words = [str(argument) for argument in arguments]
    return f"import sys; sys.path[:] = {path!r}; from modyn.compute.{module} import main; main({words!r})"


def main(arguments: list[str]) -> None:
    """Entry of the warm parent: `[descriptor, "fork" or "exec", module...]`."""
    serve(int(arguments[0]), arguments[2:], arguments[1] == "fork")
    os._exit(0)  # there is nothing to save, and taking torch down takes half a second
