"""Every kernel is tested with every set of vector instructions that the processor has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import modyn.ops  # noqa: F401 - registers the operators
from modyn import _kernels


@pytest.fixture(params=_kernels.isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = _kernels.isa()
    _kernels.use_isa(request.param)
    yield request.param
    _kernels.use_isa(before)
