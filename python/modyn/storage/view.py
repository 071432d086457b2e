"""Views that this process opens itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modyn.storage.api import Keys, ViewRef


class LocalView:
    """A view that this process opened itself."""

    def __init__(self, ref: ViewRef) -> None:
        from modyn import _native

        self.ref = ref
        self.native = _native.View.build(_native.Index.open(ref.folder, ref.manifest), ref.order)

    def __len__(self) -> int:
        return len(self.native)

    def keys(self, first: int, count: int) -> Keys:
        return self.native.keys(first, count)

    def timestamps(self, first: int, count: int) -> npt.NDArray[np.int64]:
        return self.native.timestamps(first, count)

    def labels(self, first: int, count: int) -> npt.NDArray[np.int64]:
        return self.native.labels(first, count)

    def position_of_time(self, timestamp: int) -> int:
        return int(self.native.position_of_time(timestamp))
