"""Which formats there are: those of the native library, and classes that were registered or that packages bring."""

from __future__ import annotations

from importlib.metadata import entry_points

from modyn.errors import DatasetError
from modyn.storage.formats.api import FormatClass

ENTRY_POINTS = "modyn.formats"


def register_format(kind: str, format_class: FormatClass) -> None:
    """Make a format known to this process under the name `kind`.

    A package that is installed announces its formats instead, so that every process finds them: an entry point of
    the group "modyn.formats" whose name is the kind and whose value is the class.

    Raises:
        ValueError: there is a format of this name already.
    """
    from modyn import _native

    _native.register_format(kind, format_class)


def load_format(kind: str) -> None:
    """Make sure that the format is known to this process.

    Raises:
        DatasetError: nobody registered it, and no installed package brings it.
    """
    from modyn import _native

    known = _native.format_kinds()
    if kind in known:
        return
    for entry_point in entry_points(group=ENTRY_POINTS, name=kind):
        register_format(kind, entry_point.load())
        return
    raise DatasetError(
        f"format '{kind}' is not known (known: {', '.join(known)}); register its class with "
        f"modyn.storage.formats.register_format, or install the package that announces it as '{ENTRY_POINTS}'"
    )
