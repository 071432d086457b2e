"""The demo on all of its data: what it writes, and that retraining is worth it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "examples" / "flights" / "demo.py"


@pytest.mark.long
def test_retraining_every_month_beats_training_once(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, DEMO, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    results = {result["policy"]: result for result in json.loads((tmp_path / "results.json").read_text())}
    assert list(results) == ["monthly-all", "monthly-new", "once"]
    assert [result["triggers"] for result in results.values()] == [12, 12, 1]
    assert results["monthly-all"]["mean_auc"] >= results["once"]["mean_auc"] + 0.02
    assert results["monthly-all"]["samples"] > results["monthly-new"]["samples"] > results["once"]["samples"]
    for result in results.values():
        assert set(result) == {"policy", "triggers", "samples", "training_seconds", "mean_auc"}
        assert result["policy"] in done.stdout

    report = (tmp_path / "report.html").read_text()
    assert all(f"flights-{policy}-1" in report for policy in results)
    assert 'src="http' not in report
