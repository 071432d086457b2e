"""Backward passes over a part of the batch, at the price of that part."""

from modyn.trainer.row_backward import algebra, layers, shapes
from modyn.trainer.row_backward.modes import same_in_training
from modyn.trainer.row_backward.take import take_rows

__all__ = ["algebra", "layers", "same_in_training", "shapes", "take_rows"]
