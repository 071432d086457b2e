"""Imports the user's modules from beside the pipeline file, without clashes between pipelines.

Several pipelines may each have a `model.py`, and a program that loads models of two runs must get the
right one each time. So a module is imported as if its folder were the first on the path, while other
modules of the same names are set aside; afterwards those that were there before are back.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from modyn.errors import ModelError

_imported: dict[tuple[Path, str], ModuleType] = {}


def import_user_module(name: str, folder: Path) -> ModuleType:
    """The module `name` of `folder`, or, if that has none, the one on the import path.

    Raises:
        ModelError: there is no such module, or its code raises; the cause is chained.
    """
    folder = folder.resolve()
    if (folder, name) not in _imported:
        try:
            with _folder_first(folder):
                _imported[folder, name] = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise ModelError(f"module '{name}' needs a module that is not installed: {error}") from error
            raise ModelError(f"there is no module '{name}', neither in '{folder}' nor on the import path") from error
        except Exception as error:  # it is the user's code, which may raise anything
            raise ModelError(f"module '{name}' of '{folder}' fails on import: {error!r}") from error
    return _imported[folder, name]


@contextmanager
def _folder_first(folder: Path) -> Iterator[None]:
    names = {entry.stem for entry in folder.iterdir() if entry.suffix == ".py" or (entry / "__init__.py").is_file()}
    names -= sys.stdlib_module_names
    set_aside = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in names and not _lies_in(module, folder)
    }
    for name in set_aside:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.update(set_aside)


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(folder)
