"""A YAML file with the place of every key and value.

The file is read as PyYAML's SafeLoader would, with three differences that spare users a surprise: a key may come only
once, numbers such as `1e-3` are numbers, and dates stay strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from modyn.config.section import Issue, Loc
from modyn.errors import Problem

_MOST_VALUES = 100_000


class _Loader(yaml.SafeLoader):
    """Composes nodes; resolves as described above."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"), list("-+0123456789")
)


@dataclass
class Document:
    """A file that was read.

    Attributes:
        name: the file as the user named it.
        text: what it holds; empty if it cannot be read.
        data: its value, or None if there is none.
        problems: what is wrong with the file itself, in order.
        keys: the node of each key, by place.
        values: the node of each value, by place.
    """

    name: str
    text: str = ""
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    keys: dict[Loc, yaml.Node] = field(default_factory=dict)
    values: dict[Loc, yaml.Node] = field(default_factory=dict)

    def position(self, loc: Loc, *, of_key: bool = False) -> tuple[int, int]:
        """1-based line and column of the value at `loc`, or of its key; of what is around it if it is not there."""
        while loc and loc not in self.values:
            loc, of_key = loc[:-1], True
        node = self.keys.get(loc) if of_key else self.values.get(loc)
        node = node or self.values.get(loc)
        return (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)

    def problem(self, issue: Issue, *, of_key: bool = False) -> Problem:
        """An issue at its place in the file; a line inside a string becomes the file's line."""
        line, column = self.position(issue.loc, of_key=of_key)
        what = issue.what
        if issue.text_line:
            exact = self._text_position(issue)
            if exact:
                line, column = exact
            else:
                what += f" (line {issue.text_line} of the code)"
        return Problem(self.name, line, column, what, issue.expected, issue.suggestion)

    def _text_position(self, issue: Issue) -> tuple[int, int] | None:
        node = self.values.get(issue.loc)
        if not isinstance(node, yaml.ScalarNode):
            return None
        lines = self.text.splitlines()
        text_lines = node.value.splitlines() or [""]
        content = text_lines[min(issue.text_line, len(text_lines)) - 1]
        if node.style == "|":
            number = node.start_mark.line + min(issue.text_line, len(text_lines))
        elif node.start_mark.line == node.end_mark.line and len(text_lines) == 1:
            number = node.start_mark.line
        else:
            return None
        start = 0 if node.style == "|" else node.start_mark.column
        indent = lines[number].find(content, start) if number < len(lines) else -1
        if indent < 0:
            return None
        return number + 1, indent + max(issue.text_column, 1)


def read_document(path: Path) -> Document:
    """Read a file; what is wrong with it is in `problems`, never raised."""
    document = Document(str(path))
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "the file does not exist" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        document.problems.append(Problem(document.name, 0, 0, f"cannot be read: {reason}"))
        return document
    return parse_document(content, str(path))


def parse_document(content: bytes, name: str) -> Document:
    """Read what a file holds."""
    document = Document(name)
    try:
        document.text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        what = f"byte 0x{content[error.start]:02x} is not UTF-8"
        document.problems.append(Problem(name, line, column, what, "a text file in UTF-8"))
        return document
    loader = None
    try:
        loader = _Loader(_untabbed_json(document.text))
        node = loader.get_single_node()
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            document.problems.append(Problem(name, 1, 1, "the file is empty", "a mapping of sections"))
        else:
            _Reader(document, loader).read(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        document.problems.append(Problem(name, line, column, f"not valid YAML: {what}"))
    except yaml.reader.ReaderError as error:
        readable = document.text[: error.position]
        line, column = readable.count("\n") + 1, len(readable) - readable.rfind("\n")
        document.problems.append(Problem(name, line, column, f"not valid YAML: {error.reason}"))
    except RecursionError:
        document.problems.append(Problem(name, 1, 1, "the file is nested too deeply"))
    finally:
        if loader is not None:
            loader.dispose()
    document.problems.sort(key=lambda problem: (problem.line, problem.column))
    return document


def _untabbed_json(text: str) -> str:
    # JSON may be indented with tabs, YAML may not. Blanks in their place keep every position.
    if text.lstrip()[:1] in ("{", "[") and "\t" in text:
        try:
            json.loads(text)
        except ValueError:
            return text
        return text.replace("\t", " ")
    return text


class _Reader:
    """Turns nodes into values and notes the place of each."""

    def __init__(self, document: Document, loader: _Loader) -> None:
        self._document = document
        self._loader = loader
        self._above: set[int] = set()
        self._flat: dict[int, dict[Any, tuple[yaml.Node, yaml.Node]]] = {}
        self._count = 0

    def read(self, node: yaml.Node) -> None:
        self._document.data = self._value(node, ())

    def _value(self, node: yaml.Node, loc: Loc) -> Any:
        self._document.values[loc] = node
        self._count += 1
        if id(node) in self._above:
            raise ConstructorError(None, None, "what is anchored here contains an alias of itself", node.start_mark)
        if self._count > _MOST_VALUES:
            raise ConstructorError(None, None, f"aliases make more than {_MOST_VALUES} values", node.start_mark)
        self._above.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
                return {key: self._value(value, (*loc, key)) for key, value in self._pairs(node, loc)}
            if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
                return [self._value(item, (*loc, position)) for position, item in enumerate(node.value)]
            try:
                return self._loader.construct_object(node, deep=True)
            except ValueError as error:  # a scalar with a tag that does not fit, such as `!!int x`
                raise ConstructorError(None, None, str(error), node.start_mark) from error
        finally:
            self._above.discard(id(node))

    def _pairs(self, node: yaml.MappingNode, loc: Loc) -> Iterator[tuple[Any, yaml.Node]]:
        pairs = self._flat.get(id(node))
        if pairs is None:  # an alias brings the same node again
            self._note_repeated_keys(node)
            self._loader.flatten_mapping(node)
            # Merged pairs come first and own ones last, so the last pair of a key is the one that counts.
            pairs = {self._key(key_node): (key_node, value) for key_node, value in node.value}
            self._flat[id(node)] = pairs
        for key, (key_node, value) in pairs.items():
            self._document.keys[(*loc, key)] = key_node
            yield key, value

    def _note_repeated_keys(self, node: yaml.MappingNode) -> None:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key, mark = self._key(key_node), key_node.start_mark
            if key in seen:
                what = f"the key '{key}' comes twice, first in line {seen[key]}"
                problem = Problem(self._document.name, mark.line + 1, mark.column + 1, what, "each key once")
                self._document.problems.append(problem)
            seen.setdefault(key, mark.line + 1)

    def _key(self, node: yaml.Node) -> Any:
        key = self._loader.construct_object(node, deep=True)
        try:
            hash(key)
        except TypeError as error:
            raise ConstructorError(None, None, "a list or a mapping cannot be a key", node.start_mark) from error
        return key
