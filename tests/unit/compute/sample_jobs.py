"""Entry points that the compute tests run in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any


def echo(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    for number in range(payload.get("events", 0)):
        emit({"event": "step", "number": number})
    return {"payload": payload, "process": os.getpid()}


def environment(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    import torch

    main = sys.modules["__main__"]
    return {
        "threads": torch.get_num_threads(),
        "python_threads": sorted(thread.name for thread in threading.enumerate()),
        "main_file": getattr(main, "__file__", None),
        "sigint_ignored": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "descriptors": sum(1 for _ in Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").is_dir() else None,
    }


def write_output(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"to descriptor 1\n")
    return {}


def fail(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    raise ValueError(f"cannot train on {payload['what']}")


def fail_as_modyn(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    from modyn.errors import UnsupportedError

    raise UnsupportedError("model 'ResNet18' is not there yet")


def die(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    emit({"event": "about to die"})
    print("last words")
    os.kill(os.getpid(), payload["signal"])
    time.sleep(60)
    return {}


def leave(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    os._exit(payload["code"])


def unserialisable(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    return {"value": object()}


def sleep(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    emit({"event": "asleep", "process": os.getpid(), "parent": os.getppid()})
    time.sleep(payload.get("seconds", 120))
    return {}


def ignore_sigterm(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return sleep(payload, emit)


def nap(payload: dict[str, Any], emit: Any) -> dict[str, Any]:
    time.sleep(payload["seconds"])
    return {"number": payload["number"]}
