"""Policies by name: those of Modyn, those that an installed package publishes, and those beside a pipeline file.

A name in a pipeline file is looked up in this order:

1. in the table of Modyn's own, which name classes as `module:Class`;
2. among the entry points of a group, which installed packages publish in their metadata;
3. as `module:Class` itself: of the folder of the pipeline file, or of what is installed.

All of them are then made the same way. Looking a name up imports nothing, so it can be done where code of a pipeline
must not run.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from modyn.errors import ModelError, SelectionError

_CLASS = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


@dataclass(frozen=True)
class Policies:
    """The policies of one kind.

    Attributes:
        what: what one is called in messages.
        group: of the entry points.
        own: name -> `module:Class` of those that are part of Modyn.
        methods: what a class must have.
    """

    what: str
    group: str
    own: Mapping[str, str]
    methods: tuple[str, ...]

    def is_own(self, name: str) -> bool:
        """Whether the name is one of Modyn's."""
        return name in self.own

    def is_foreign(self, name: str) -> bool:
        """Whether the name is one of somebody else's: published, or of the form `module:Class`."""
        return not self.is_own(name) and (name in published(self.group) or is_class_name(name))

    def class_name(self, name: str) -> str:
        """`module:Class` that the name stands for.

        Raises:
            SelectionError: nobody has heard of it.
        """
        if self.is_own(name):
            return self.own[name]
        found = published(self.group).get(name, name)
        if is_class_name(found):
            return found
        raise SelectionError(
            f"there is no {self.what} '{name}': give one of {', '.join(self.own)}, one that an installed package "
            f"publishes as entry point of '{self.group}', or 'module:Class' of your own"
        )

    def make(self, name: str, options: Mapping[str, Any], folder: Path | None = None) -> Any:
        """An object of the class that the name stands for, made as `Class(**options)`.

        Args:
            name: as in a pipeline file.
            options: keyword arguments.
            folder: of the pipeline file; its modules are looked up first.

        Raises:
            SelectionError: there is no such class, it takes other options, or it lacks a method.
        """
        found = self._find(name, folder)
        try:
            made = found(**options)
        except Exception as error:
            given = ", ".join(options) or "none"
            raise SelectionError(f"{self.what} '{name}' cannot be made with its options ({given}): {error}") from error
        missing = [method for method in self.methods if not callable(getattr(made, method, None))]
        if missing:
            raise SelectionError(
                f"{self.what} '{name}': class {found.__qualname__} has no method {', '.join(missing)}; "
                "docs/adding-a-policy.md shows one that has all"
            )
        return made

    def _find(self, name: str, folder: Path | None) -> type[Any]:
        module_name, _, class_name = self.class_name(name).partition(":")
        if self.is_own(name) or folder is None:
            own: type[Any] = getattr(importlib.import_module(module_name), class_name)
            return own
        # Only here is code of a pipeline imported; the configuration needs nothing but names.
        from modyn.models.user_modules import import_user_module

        try:
            module = import_user_module(module_name, folder)
        except ModelError as error:
            raise SelectionError(f"{self.what} '{name}': {error}") from error
        found = getattr(module, class_name, None)
        if isinstance(found, type):
            return found
        classes = sorted(key for key, value in vars(module).items() if isinstance(value, type))
        raise SelectionError(
            f"{self.what} '{name}': there is no class '{class_name}' in {module.__file__}, which has "
            f"{', '.join(classes) or 'no class'}"
        )


def is_class_name(name: str) -> bool:
    """Whether the name has the form `module:Class`."""
    return _CLASS.fullmatch(name) is not None


@cache
def published(group: str) -> Mapping[str, str]:
    """What installed packages publish in a group of entry points: name -> `module:Class`."""
    return {point.name: point.value.replace(" ", "") for point in entry_points(group=group)}


SELECTION_STRATEGIES = Policies(
    what="selection strategy",
    group="modyn.selection_strategies",
    own={
        "CoresetStrategy": "modyn.selector.strategies.coreset:CoresetStrategy",
        "FreshnessSamplingStrategy": "modyn.selector.strategies.freshness:FreshnessSamplingStrategy",
        "NewDataStrategy": "modyn.selector.strategies.new_data:NewDataStrategy",
    },
    methods=("select", "downsampling", "state_dict", "load_state_dict"),
)

DOWNSAMPLERS = Policies(
    what="downsampling strategy",
    group="modyn.downsamplers",
    own={
        "Craig": "modyn.trainer.downsampling.craig:Craig",
        "GradMatch": "modyn.trainer.downsampling.grad_match:GradMatch",
        "GradNorm": "modyn.trainer.downsampling.importance:GradNorm",
        "KcenterGreedy": "modyn.trainer.downsampling.k_center:KCenterGreedy",
        "Loss": "modyn.trainer.downsampling.importance:Loss",
        "RHOLoss": "modyn.trainer.downsampling.rho_loss:RHOLoss",
        "RS2": "modyn.trainer.downsampling.rs2:RS2",
        "Submodular": "modyn.trainer.downsampling.submodular:Submodular",
        "Uncertainty": "modyn.trainer.downsampling.uncertainty:Uncertainty",
    },
    methods=("measure", "choose", "state_dict", "load_state_dict"),
)
