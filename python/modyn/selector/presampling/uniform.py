"""`Random`: uniformly without replacement, anew at each trigger."""

from __future__ import annotations

from modyn import _native
from modyn.selector.presampling.api import Presampling
from modyn.selector.window import Selection, Window


class Uniform(Presampling):
    """The samples with the `target` lowest priorities; every set of so many is equally likely.

    Two passes over the keys of the window. The choice of a smaller target is part of that of a greater one.
    """

    def choose(self, window: Window, target: int) -> Selection:
        """See `Presampling.choose`."""
        if target == len(window):
            return window.everything()
        everything = _native.Groups.all()
        priorities = window.priorities(_native.PURPOSE_PRESAMPLING)
        bounds = window.bounds(everything, priorities, [target], [len(window)])
        return window.choose([_native.Band(priorities, everything, to_priority=bounds)])
