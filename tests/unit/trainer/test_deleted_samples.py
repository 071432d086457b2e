"""Samples that are deleted after the training set was written: weight 0, counted, and reported."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.trainer.test_loader_workers import BATCH_PARSER, parsed
from tests.unit.trainer.workbench import Workbench

from modyn import _native
from modyn.errors import DatasetError

DELETED = [0, 17, 64, 65, 66, 290]


def delete(workbench: Workbench, keys: list[int]) -> None:
    _native.delete_samples(workbench.view.folder, np.array(keys))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_they_count_as_weight_zero(workbench: Workbench) -> None:
    weights = np.linspace(0.5, 2, 300, dtype=np.float32)
    for of_set in (None, weights):
        zeroed = np.ones(300, np.float32) if of_set is None else of_set.copy()
        zeroed[DELETED] = 0
        training_set = workbench.training_set(300, of_set)
        expected = workbench.train(training_set=workbench.training_set(300, zeroed))
        if of_set is None:
            assert not workbench.train(training_set=training_set).warnings
            delete(workbench, DELETED)
        for changes in ({}, parsed(BATCH_PARSER, 0), parsed(BATCH_PARSER, 2)):
            result = workbench.train(changes, training_set=training_set)
            assert result.digest == expected.digest
            assert any("6 of the 300 samples of the training set were deleted" in line for line in result.warnings)


def test_their_bytes_are_not_needed(workbench: Workbench) -> None:
    training_set = workbench.training_set()
    expected = np.setdiff1d(np.arange(300), np.arange(90))
    delete(workbench, list(range(90)))
    first_file = next(workbench.view.root.glob("2024-01-01.bin"))
    first_file.unlink()  # all of its samples are deleted
    result = workbench.train(training_set=training_set)
    assert result.samples == 576  # as ever: two epochs of nine batches
    assert any(f"{300 - len(expected)} of the 300" in line for line in result.warnings)


def test_without_any_sample_there_is_no_training(workbench: Workbench) -> None:
    training_set = workbench.training_set(50)
    delete(workbench, list(range(50)))
    with pytest.raises(DatasetError, match=r"all samples of the training set .* were deleted"):
        workbench.train(training_set=training_set)


def test_another_dataset_says_nothing_about_them(workbench: Workbench) -> None:
    index = _native.Index.open(workbench.view.folder)
    view = _native.View.build(index, "time")
    training_set = _native.TrainingSet.open(workbench.training_set(), view)
    other = workbench.folder / "other"
    _native.scan(other, workbench.view.root, file_extension=".bin", format=index.format.decode())
    with pytest.raises(ValueError, match="another dataset"):
        _native.DeletedSamples(training_set, _native.Index.open(other))
    assert len(_native.DeletedSamples(training_set, index)) == 0
