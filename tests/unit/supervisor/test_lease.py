from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modyn.errors import ConflictError
from modyn.supervisor.lease import Lease, is_held


def test_a_pipeline_has_one_owner_and_the_message_names_it(tmp_path: Path) -> None:
    with Lease(tmp_path, "flights"), pytest.raises(ConflictError, match=rf"'flights'.*\"pid\": {os.getpid()}"):
        Lease(tmp_path, "flights")
    with Lease(tmp_path, "flights"):
        pass


def test_different_pipelines_do_not_block_each_other(tmp_path: Path) -> None:
    with Lease(tmp_path, "a/b"), Lease(tmp_path, "a b"), Lease(tmp_path, "a%2Fb"):
        assert is_held(tmp_path, "a/b")
        assert not is_held(tmp_path, "never seen")


def test_the_lease_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from modyn.supervisor.lease import Lease;"
        f"lease = Lease(Path({str(tmp_path)!r}), 'flights'); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert is_held(tmp_path, "flights")
        process.send_signal(signal.SIGKILL)
    assert not is_held(tmp_path, "flights")
    Lease(tmp_path, "flights").release()


def test_looking_whether_it_is_held_never_keeps_an_owner_out(tmp_path: Path) -> None:
    Lease(tmp_path, "flights").release()
    code = (
        "from pathlib import Path; from modyn.supervisor.lease import is_held; print('looking', flush=True)\n"
        f"while True: is_held(Path({str(tmp_path)!r}), 'flights')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            for _ in range(200):
                Lease(tmp_path, "flights").release()
        finally:
            process.kill()
    assert not is_held(tmp_path, "flights")
