"""The names of everything in a pipeline that has an implementation behind it.

What can run knows which of them it can run; this says what a file asks for.
"""

from __future__ import annotations

from dataclasses import dataclass

from modyn.config.downsampling import PluginDownsampling
from modyn.config.pipeline import PipelineConfig
from modyn.config.section import dotted, walk
from modyn.config.selection import PluginStrategy

_PLUGINS = (PluginStrategy, PluginDownsampling)
_KEYS = {"id", "name", "strategy", "type", "file_wrapper_type"}


@dataclass(frozen=True)
class NamedPolicy:
    """A policy that a pipeline uses.

    Attributes:
        key: where the file names it, such as `trigger.id`.
        name: what it names, such as `TimeTrigger`.
    """

    key: str
    name: str


def policies(config: PipelineConfig) -> list[NamedPolicy]:
    """All policies that `config` names: triggers, strategies, criteria, metrics, file formats; in file order."""
    found = []
    for loc, section in walk(config):
        for key, field in type(section).model_fields.items():
            is_choice = str(field.annotation).startswith("typing.Literal") or isinstance(section, _PLUGINS)
            if key in _KEYS and is_choice:
                found.append(NamedPolicy(dotted((*loc, key)), str(getattr(section, key))))
    return found
