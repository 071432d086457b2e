"""Compute on this machine: every job is a child process of a warm parent (see `modyn.compute.warm`).

The supervisor talks to the warm parent over a control socket and to each job over a socket of its
own, which it hands over when the job starts. A job's exit status comes from the warm parent, its
events and its result from the job itself.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from modyn.compute.api import Json
from modyn.compute.channel import Channel
from modyn.compute.child import OUTPUT
from modyn.compute.warm import interpreter_code
from modyn.errors import JobDiedError, JobFailedError

PRELOAD = ("torch", "numpy", "safetensors.torch", "modyn.trainer.job", "modyn.evaluator.job")
Start = Literal["fork", "exec"]

_CANCEL_GRACE_S = 5.0
_EXIT_REPORT_S = 10.0
_OUTPUT_TAIL_LINES = 5


class LocalCompute:
    """Runs jobs as processes of this machine; several at once, from any thread.

    Args:
        threads: CPU threads of a job, 0 for all that this process may use.
        preload: modules that the warm parent imports once, for all jobs.
        start: "fork" jobs from the warm parent, or "exec" a fresh interpreter for each; the default is
            "fork" except on macOS.
    """

    def __init__(self, threads: int = 0, preload: tuple[str, ...] = PRELOAD, start: Start | None = None) -> None:
        self._threads = threads or _available_cpus()
        self._preload = preload
        self._start: Start = start or ("exec" if sys.platform == "darwin" else "fork")
        self._lock = threading.Lock()
        self._closed = False
        self._next_job = 0
        # At once, so that its imports run while the supervisor prepares the first job.
        self._warm = _WarmParent(self._preload, self._start)

    def submit(self, entry: str, payload: Json, folder: Path) -> LocalJob:
        """Start `entry` ("package.module:function") in a process of its own.

        Its stdout and stderr are appended to folder/output.txt; the folder is made if need be.

        Raises:
            JobDiedError: no process could be started.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self._closed:
                raise RuntimeError("this compute is closed")
            self._next_job += 1
            job = LocalJob(self._next_job, entry, folder)
            if not self._warm.start(job):
                # It died while it was idle, or never came up: one fresh start, then the reason.
                self._warm.close()
                self._warm = _WarmParent(self._preload, self._start)
                if not self._warm.start(job):
                    raise JobDiedError(f"the parent process of all jobs does not start: {self._warm.last_words()}")
        job._run({"entry": entry, "payload": payload, "folder": str(folder), "threads": self._threads})
        return job

    def close(self) -> None:
        """End all jobs and the warm parent; waiting `result` calls raise JobDiedError."""
        with self._lock:
            self._closed = True
            self._warm.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LocalJob:
    """One job: a process, its events and its answer."""

    def __init__(self, number: int, entry: str, folder: Path) -> None:
        self.number = number
        self.entry = entry
        self.folder = folder
        self.process: int | None = None
        self.how: Start | None = None
        self.refused: str | None = None
        ours, self._theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._warm: _WarmParent | None = None
        self._events: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        self._ended = threading.Event()  # the answer is known, or it is known that there is none
        self._exited = threading.Event()  # the exit code is known, or it is known that nobody knows it
        self._exit_code: int | None = None
        self._result: Json | None = None
        self._error: Json | None = None

    def events(self) -> Iterator[Json]:
        """Progress events in order, for one consumer; ends when the job has ended, however it did."""
        while (event := self._events.get()) is not None:
            yield event
        self._events.put(None)  # a second iteration ends as well

    def result(self) -> Json:
        """Wait for the result.

        Raises:
            JobFailedError: the entry point raised; carries the child's traceback.
            JobDiedError: the process ended without an answer; names the signal or the exit code.
        """
        self._ended.wait()
        if self._error is not None:
            raise JobFailedError(self._error["message"], self._error["traceback"])
        if self._result is None:
            raise JobDiedError(self._death())
        return self._result

    def cancel(self) -> None:
        """Ask the process to end, kill it after 5 s; returns when it has ended."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._ended.is_set():
                return
            if self._warm is None or not self._warm.signal(self, number):
                self._channel.hang_up()  # the process watches its socket and ends by itself
            self._ended.wait(_CANCEL_GRACE_S)

    def _run(self, job: Json) -> None:
        threading.Thread(target=self._listen, name=f"job-{self.number}", daemon=True).start()
        # If it died already, the listener finds out how.
        with contextlib.suppress(OSError):
            self._channel.send(job)

    def _listen(self) -> None:
        while (message := self._receive()) is not None:
            if "event" in message:
                self._events.put(message["event"])
                continue
            self._result = message.get("result")
            self._error = message.get("error")
            self._end()
        if not self._ended.is_set():
            # The socket closes a moment before the warm parent has the exit status.
            self._exited.wait(_EXIT_REPORT_S)
            self._end()
        self._channel.close()

    def _receive(self) -> Json | None:
        try:
            return self._channel.receive()
        except (OSError, ValueError):
            return None  # closed by `cancel`, or half a line of a process that was killed

    def _end(self) -> None:
        self._ended.set()
        self._events.put(None)

    def _death(self) -> str:
        text = f"the process of {self.entry} "
        if self._exit_code is None:
            text += "ended without an answer; how is unknown because its parent process ended too"
        elif self._exit_code < 0:
            text += f"was killed by {_signal_name(-self._exit_code)}"
            if self._exit_code == -signal.SIGKILL:
                text += " (if nobody killed it, the machine may have run out of memory)"
        else:
            text += f"ended with exit code {self._exit_code} and without an answer"
        output = self.folder / OUTPUT
        if tail := _last_lines(output):
            text += f"; the last lines of {output}:\n{tail}"
        return text


class _WarmParent:
    """The supervisor's side of the warm parent."""

    def __init__(self, preload: tuple[str, ...], start: Start) -> None:
        ours, theirs = socket.socketpair()
        self._control = Channel(ours)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", interpreter_code("warm", theirs.fileno(), start, *preload)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                env=_environment(),
            )
        self._lock = threading.Lock()
        self._jobs: dict[int, LocalJob] = {}
        self._answers: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, name="warm-parent", daemon=True)
        self._listener.start()

    def start(self, job: LocalJob) -> bool:
        """Have the job started and wait until it is; False if there is no warm parent any more.

        Raises:
            JobDiedError: the warm parent could not start a process.
        """
        with self._lock:
            self._jobs[job.number] = job
        try:
            self._control.send({"start": job.number}, (job._theirs.fileno(),))
        except OSError:
            return False
        # An answer to an earlier call that was interrupted while it waited may come first.
        while (answer := self._answers.get()) is not None:
            if job.number in (answer.get("started"), answer.get("refused")):
                break
        if answer is None:
            return False
        job._theirs.close()
        if "refused" in answer:
            raise JobDiedError(f"no process could be started for {job.entry}: {answer['reason']}")
        job.process, job.how, job._warm = answer["process"], answer["how"], self
        return True

    def signal(self, job: LocalJob, number: int) -> bool:
        """Signal the job's process unless it has been reaped; False if there is no warm parent any more."""
        try:
            self._control.send({"signal": number, "job": job.number})
        except OSError:
            return False
        return True

    def last_words(self) -> str:
        self._output.seek(0)
        text = self._output.read().decode(errors="replace").strip()
        return text[-2000:] or f"it ended with exit code {self._process.poll()} and without a message"

    def close(self) -> None:
        self._control.hang_up()
        self._process.wait()
        self._listener.join()
        self._control.close()
        self._output.close()

    def _listen(self) -> None:
        while (message := self._receive()) is not None:
            if "exited" not in message:
                self._answers.put(message)
                continue
            with self._lock:
                job = self._jobs.pop(message["exited"])
            job._exit_code = message["code"]
            job._exited.set()
        with self._lock:
            for job in self._jobs.values():
                if job._warm is self:  # else it is about to be started by a fresh warm parent
                    job._exited.set()
            self._jobs.clear()
        self._answers.put(None)

    def _receive(self) -> Json | None:
        try:
            return self._control.receive()
        except (OSError, ValueError):
            return None


def _environment() -> dict[str, str]:
    """The warm parent's environment: imports must start no threads, and cuBLAS must be deterministic."""
    return os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "CUBLAS_WORKSPACE_CONFIG": os.environ.get("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
    }


def _available_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_lines(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-_OUTPUT_TAIL_LINES:])
