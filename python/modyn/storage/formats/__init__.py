"""Formats of source files that are written in Python. docs/adding-a-format.md shows how."""

from __future__ import annotations

from modyn.storage.formats.api import FileFormat, FormatClass, Samples
from modyn.storage.formats.registry import load_format, register_format

__all__ = ["FileFormat", "FormatClass", "Samples", "load_format", "register_format"]
