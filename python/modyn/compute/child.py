"""The job's process: runs one entry point and reports over its own socket.

It ends at once when the supervisor's end of that socket closes, so a supervisor that was killed
leaves nothing behind. It ignores SIGINT: Ctrl-C reaches the whole process group, and what that means
for a job is the supervisor's decision.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import importlib
import os
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

from modyn.compute.api import Entry, Json
from modyn.compute.channel import Channel

OUTPUT = "output.txt"
EXIT_ORPHANED = 71
EXIT_FAILED = 1


def run_job(descriptor: int) -> NoReturn:
    """Take the job from the socket `descriptor`, run it, report, and end this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    channel = Channel(socket.socket(fileno=descriptor))
    job = channel.receive()
    if job is None:
        os._exit(EXIT_ORPHANED)
    _redirect_output(Path(job["folder"]) / OUTPUT)
    threading.Thread(target=_end_with_supervisor, args=(channel,), name="supervisor-watch", daemon=True).start()
    status = 0
    try:
        _use_threads(job["threads"])
        result = _load_entry(job["entry"])(job["payload"], lambda event: channel.send({"event": event}))
        channel.send({"result": result})
    except BaseException as error:  # whatever the user's code raises, SystemExit included, is reported
        status = EXIT_FAILED
        _report(channel, error)
    # The same order as in multiprocessing's children: exit functions, then no interpreter teardown,
    # which would wait for threads that user code forgot.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _redirect_output(path: Path) -> None:
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    faulthandler.enable(file=sys.stderr)


def _end_with_supervisor(channel: Channel) -> None:
    while channel.receive() is not None:
        pass
    os._exit(EXIT_ORPHANED)


def _use_threads(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if torch := sys.modules.get("torch"):  # it has read the variable already
        torch.set_num_threads(threads)


def _load_entry(name: str) -> Entry:
    module, _, function = name.partition(":")
    entry: Entry = getattr(importlib.import_module(module), function)
    return entry


def _report(channel: Channel, error: BaseException) -> None:
    text = "".join(traceback.format_exception(error))
    sys.stderr.write(text)
    message: Json = {"message": _one_line(error), "traceback": text}
    # If nobody is left to hear it, the output file has it.
    with contextlib.suppress(OSError):
        channel.send({"error": message})


def _one_line(error: BaseException) -> str:
    """The exception as Python prints it; an error of ours says enough without its class."""
    from modyn.errors import ModynError

    if isinstance(error, ModynError):
        return str(error)
    return "".join(traceback.format_exception_only(error)).strip()


def main(arguments: list[str]) -> Any:
    """Entry of a job that is started as a fresh interpreter: `[descriptor]`."""
    run_job(int(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
