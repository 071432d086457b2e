"""Policies that are not part of Modyn, in a configuration: how their sections are told from those that are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modyn.plugins import Policies

# The tag of sections of plugins, which messages list among the names that are valid.
PLUGIN = "module:Class"


class PolicyChoice:
    """Chooses the section of a policy by its name; for pydantic's `Discriminator`.

    Args:
        key: of the name.
        policies: those of the kind.
        names: those that have a section of their own.
    """

    def __init__(self, key: str, policies: Policies, names: Iterable[str]) -> None:
        self.key = key
        self.__name__ = key  # what pydantic calls the discriminator in its errors
        self._policies = policies
        self._names = frozenset(names)

    def __call__(self, value: Any) -> Any:
        name = value.get(self.key) if isinstance(value, dict) else getattr(value, self.key, None)
        is_foreign = isinstance(name, str) and name not in self._names and self._policies.is_foreign(name)
        return PLUGIN if is_foreign else name


def not_one_of(names: Iterable[str]) -> dict[str, Any]:
    """What a JSON Schema adds to the name of a plugin, so that sections of other policies are not taken for one."""
    return {"not": {"enum": sorted(names)}}
