"""Backward passes over a part of the batch, at the price of that part."""

from modyn.trainer.row_backward import algebra, layers, shapes
from modyn.trainer.row_backward.take import take_rows

__all__ = ["algebra", "layers", "shapes", "take_rows"]
