"""Which of the names that the configuration knows can be built by this version; needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modyn.errors import UnsupportedError

if TYPE_CHECKING:
    from modyn.config.model import ModelConfig

AVAILABLE = {"Dummy": "modyn.models.dummy:Dummy"}


def is_user_class(name: str) -> bool:
    """Whether `name` is a `module:Class` of the user, not a name of the model zoo."""
    return ":" in name


def check_supported(config: ModelConfig) -> None:
    """Raise UnsupportedError if the model is a known one that this version does not have."""
    if is_user_class(config.id) or config.id in AVAILABLE:
        return
    raise UnsupportedError(
        f"model '{config.id}' cannot be built yet; use one of {', '.join(sorted(AVAILABLE))}, or a class of your own "
        "as 'module:Class' beside the pipeline file"
    )
