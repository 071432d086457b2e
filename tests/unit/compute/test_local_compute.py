"""Jobs as processes: answers, failures, deaths, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modyn.compute import local
from modyn.compute.local import LocalCompute
from modyn.errors import JobDiedError, JobFailedError

JOBS = "tests.unit.compute.sample_jobs:"


@pytest.fixture(scope="module")
def compute() -> Iterator[LocalCompute]:
    with LocalCompute(threads=1, preload=("torch", "numpy")) as compute:
        yield compute


def is_running(process: int) -> bool:
    """Zombies do not run: in a container nobody may collect those of a killed parent."""
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()[:1] not in ("", "Z")


def wait_until_gone(processes: list[int], seconds: float = 10) -> list[int]:
    end = time.monotonic() + seconds
    while (left := [process for process in processes if is_running(process)]) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def test_events_come_in_order_and_then_the_result(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "echo", {"events": 3, "text": "ä\n"}, tmp_path)
    assert [event["number"] for event in job.events()] == [0, 1, 2]
    assert job.result()["payload"] == {"events": 3, "text": "ä\n"}
    assert list(job.events()) == []


def test_a_large_payload_and_many_events_pass(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "echo", {"events": 2000, "text": "x" * 3_000_000}, tmp_path)
    assert len(job.result()["payload"]["text"]) == 3_000_000
    assert len(list(job.events())) == 2000


def test_every_job_has_a_process_of_its_own(compute: LocalCompute, tmp_path: Path) -> None:
    processes = {compute.submit(JOBS + "echo", {}, tmp_path).result()["process"] for _ in range(3)}
    assert len(processes) == 3
    assert os.getpid() not in processes


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may start a fresh interpreter instead")
def test_jobs_are_forked_from_a_parent_without_threads(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "environment", {}, tmp_path)
    environment = job.result()
    assert job.how == "fork"
    assert environment["python_threads"] == ["MainThread", "supervisor-watch"]
    assert environment["descriptors"] <= 6  # the three standard ones, the job's socket, /proc/self/fd itself


def test_a_job_uses_the_threads_that_it_was_given(compute: LocalCompute, tmp_path: Path) -> None:
    assert compute.submit(JOBS + "environment", {}, tmp_path).result()["threads"] == 1


def test_a_parent_with_threads_starts_fresh_interpreters_instead(tmp_path: Path) -> None:
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    sys.path.append(str(tmp_path))
    try:
        with LocalCompute(preload=("starts_a_thread",)) as compute:
            job = compute.submit(JOBS + "echo", {}, tmp_path)
            job.result()
            assert job.how == "exec"
    finally:
        sys.path.remove(str(tmp_path))


def test_output_of_a_job_goes_to_its_folder(compute: LocalCompute, tmp_path: Path) -> None:
    compute.submit(JOBS + "write_output", {}, tmp_path / "new").result()
    lines = (tmp_path / "new" / "output.txt").read_text().splitlines()
    assert sorted(lines) == ["to descriptor 1", "to stderr", "to stdout"]


def test_an_exception_carries_its_traceback(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "fail", {"what": "nothing"}, tmp_path)
    with pytest.raises(JobFailedError, match="ValueError: cannot train on nothing") as caught:
        job.result()
    assert "in fail" in caught.value.traceback
    assert "raise ValueError" in (tmp_path / "output.txt").read_text()


def test_an_error_of_ours_is_told_as_it_is(compute: LocalCompute, tmp_path: Path) -> None:
    with pytest.raises(JobFailedError, match=r"^model 'ResNet18' is not there yet$"):
        compute.submit(JOBS + "fail_as_modyn", {}, tmp_path).result()


@pytest.mark.parametrize("entry", ["no_such_module:run", JOBS + "no_such_function", JOBS + "unserialisable"])
def test_jobs_that_cannot_run_or_answer_fail(compute: LocalCompute, tmp_path: Path, entry: str) -> None:
    with pytest.raises(JobFailedError):
        compute.submit(entry, {}, tmp_path).result()


def test_a_killed_job_names_the_signal_and_shows_its_last_words(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "die", {"signal": signal.SIGKILL}, tmp_path)
    assert [event["event"] for event in job.events()] == ["about to die"]
    with pytest.raises(JobDiedError, match=r"SIGKILL(.|\n)*last words"):
        job.result()


def test_a_crashed_job_leaves_its_stack(compute: LocalCompute, tmp_path: Path) -> None:
    with pytest.raises(JobDiedError, match="SIGSEGV"):
        compute.submit(JOBS + "die", {"signal": signal.SIGSEGV}, tmp_path).result()
    assert "in die" in (tmp_path / "output.txt").read_text()


def test_a_job_that_leaves_names_its_exit_code(compute: LocalCompute, tmp_path: Path) -> None:
    with pytest.raises(JobDiedError, match="exit code 3"):
        compute.submit(JOBS + "leave", {"code": 3}, tmp_path).result()


def test_cancel_ends_a_job(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "sleep", {}, tmp_path)
    process = next(job.events())["process"]
    job.cancel()
    with pytest.raises(JobDiedError, match="SIGTERM"):
        job.result()
    assert wait_until_gone([process]) == []


def test_cancel_kills_a_job_that_does_not_listen(
    compute: LocalCompute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_CANCEL_GRACE_S", 0.2)
    job = compute.submit(JOBS + "ignore_sigterm", {}, tmp_path)
    next(job.events())
    job.cancel()
    with pytest.raises(JobDiedError, match="SIGKILL"):
        job.result()


def test_cancel_of_a_finished_job_changes_nothing(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "echo", {}, tmp_path)
    job.result()
    job.cancel()
    assert job.result()["payload"] == {}


def test_ctrl_c_does_not_end_a_job(compute: LocalCompute, tmp_path: Path) -> None:
    job = compute.submit(JOBS + "nap", {"seconds": 0.5, "number": 7}, tmp_path)
    assert job.process is not None
    time.sleep(0.1)
    os.kill(job.process, signal.SIGINT)
    assert job.result() == {"number": 7}


def test_jobs_run_side_by_side_from_several_threads(compute: LocalCompute, tmp_path: Path) -> None:
    answers: dict[int, int] = {}

    def run(number: int) -> None:
        job = compute.submit(JOBS + "nap", {"seconds": 0.5, "number": number}, tmp_path / str(number))
        answers[number] = job.result()["number"]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number for number in range(8)}
    assert time.monotonic() - started < 8 * 0.5


def test_a_dead_warm_parent_is_replaced_for_the_next_job(tmp_path: Path) -> None:
    with LocalCompute(preload=()) as compute:
        running = compute.submit(JOBS + "nap", {"seconds": 0.5, "number": 1}, tmp_path)
        asleep = compute.submit(JOBS + "sleep", {}, tmp_path / "asleep")
        process = next(asleep.events())
        os.kill(process["parent"], signal.SIGKILL)
        assert running.result() == {"number": 1}  # it has a socket of its own
        assert compute.submit(JOBS + "nap", {"seconds": 0, "number": 2}, tmp_path).result() == {"number": 2}
        asleep.cancel()
        with pytest.raises(JobDiedError, match="unknown because its parent process ended"):
            asleep.result()
        assert wait_until_gone([process["process"]]) == []


def test_a_warm_parent_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no interpreter today\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with LocalCompute() as compute, pytest.raises(JobDiedError, match="no interpreter today"):
        compute.submit(JOBS + "echo", {}, tmp_path)


def test_close_ends_everything(tmp_path: Path) -> None:
    compute = LocalCompute(preload=())
    job = compute.submit(JOBS + "ignore_sigterm", {}, tmp_path)
    started = next(job.events())
    compute.close()
    compute.close()
    with pytest.raises(JobDiedError):
        job.result()
    assert wait_until_gone([started["process"], started["parent"]]) == []


@pytest.mark.parametrize("start", ["fork", "exec"])
def test_a_script_without_a_main_guard_runs_once(tmp_path: Path, start: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from modyn.compute.local import LocalCompute\n"
        "print('the script runs', flush=True)\n"
        f"compute = LocalCompute(preload=(), start={start!r})\n"
        f"print(compute.submit('{JOBS}echo', {{'x': 1}}, Path({str(tmp_path)!r})).result()['payload'])\n"
    )
    answer = run_python(script)
    assert answer.stdout.splitlines() == ["the script runs", "{'x': 1}"]


@pytest.mark.parametrize("start", ["fork", "exec"])
@pytest.mark.parametrize("also_kill_parent", [False, True])
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path, start: str, also_kill_parent: bool) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "from modyn.compute.local import LocalCompute\n"
        f"compute = LocalCompute(preload=(), start={start!r})\n"
        f"jobs = [compute.submit('{JOBS}ignore_sigterm', {{}}, Path({str(tmp_path)!r})) for _ in range(3)]\n"
        "started = [next(job.events()) for job in jobs]\n"
        "print(started[0]['parent'], *[job['process'] for job in started], flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment_for_jobs()
    ) as supervisor:
        assert supervisor.stdout is not None
        processes = [int(word) for word in supervisor.stdout.readline().split()]
        if also_kill_parent:
            os.kill(processes[0], signal.SIGKILL)
        supervisor.kill()
    assert len(processes) == 4
    assert wait_until_gone(processes) == []


def run_python(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, timeout=60, env=environment_for_jobs()
    )


def environment_for_jobs() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
