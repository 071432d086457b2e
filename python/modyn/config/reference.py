"""Writes docs/configuration.md from the types: `python -m modyn.config.reference [FILE]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from modyn.config.schema import json_schema

_HEAD = """# Configuration

A pipeline is one YAML (or JSON) file. This page lists every key it may have; it is generated from the types that check
the file, by `python -m modyn.config.reference docs/configuration.md`.

- `modyn validate pipeline.yaml` reports all mistakes at once, with line and column, and runs nothing.
- `modyn schema` prints the JSON Schema of a pipeline file. Editors complete and check keys with it, for instance with
  `# yaml-language-server: $schema=modyn.schema.json` as first line.
- A duration is a whole number and a unit: `s`, `m`, `h`, `d`, `w` or `y` (365 days), such as `30d`.
- Times are Unix seconds, and an interval contains its begin but not its end.
- Code in a file is only parsed when the file is checked. It runs in training and evaluation processes.
- What files of the reference system say, and what becomes of it, is in [compatibility.md](compatibility.md).

## A complete example

```yaml
{example}```
"""


def example() -> str:
    """A pipeline file that uses what most pipelines need."""
    return files("modyn.config").joinpath("example.yaml").read_text(encoding="utf-8")


def configuration_reference() -> str:
    """The text of docs/configuration.md."""
    schema = json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    parts = [_HEAD.format(example=example()), "## The file\n\n" + _section(schema, definitions)]
    seen: set[str] = set()
    for key, value in schema["properties"].items():
        parts.append(f"## The section `{key}`\n")
        parts += [
            f"### {_title(name)}\n\n{_section(definitions[name], definitions)}"
            for name in _in_order(value, definitions, seen)
        ]
    return "\n".join(parts)


def _section(definition: dict[str, Any], definitions: dict[str, Any]) -> str:
    required = set(definition.get("required", []))
    lines = [str(definition.get("description", "")), "", "| key | type | default | meaning |", "|---|---|---|---|"]
    for key, value in definition["properties"].items():
        default = "*required*" if key in required else _default(value)
        # pydantic leaves out a description that equals that of the section it refers to.
        meaning = value.get("description") or definitions[next(_references(value))]["description"]
        lines.append(f"| `{key}` | {_type(value)} | {default} | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


def _in_order(value: dict[str, Any], definitions: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """The sections that a value may hold and were not `seen`, in the order in which a reader of the file meets them."""
    names = [name for name in dict.fromkeys(_references(value)) if name not in seen]
    seen.update(names)
    for name in names:
        yield name
        for inner in definitions[name]["properties"].values():
            yield from _in_order(inner, definitions, seen)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rsplit("/", 1)[1]
        for key, inner in value.items():
            if key != "discriminator":
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _type(value: dict[str, Any]) -> str:
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{_title(name)}](#{_title(name).lower()})"
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"])
    for key in ("oneOf", "anyOf"):
        if key in value:
            return " or ".join(dict.fromkeys(_type(member) for member in value[key]))
    kind = str(value.get("type", "anything"))
    if kind == "array":
        items = value.get("items")
        return f"list of {_type(items)}" if items else "list of pairs"
    if kind == "object":
        inner = value.get("additionalProperties")
        return f"mapping to {_type(inner)}" if isinstance(inner, dict) else "mapping"
    return _WORDS.get(kind, kind) + _bounds(value)


_WORDS = {"integer": "whole number", "boolean": "`true`, `false`", "null": "`null`"}


def _bounds(value: dict[str, Any]) -> str:
    names = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {value[key]}" for key, sign in names.items() if key in value]
    if "examples" in value:
        bounds.append(f"such as `{value['examples'][0]}`")
    return " " + ", ".join(bounds) if bounds else ""


def _default(value: dict[str, Any]) -> str:
    if "x-inherited" in value:
        return f"that of `{value['x-inherited']}`" if "." in value["x-inherited"] else "see meaning"
    default = value.get("default")
    if isinstance(default, dict) and default:
        name = next((default[key] for key in ("name", "strategy", "id") if default.get(key)), None)
        return f"`{name}`" if name else "its defaults"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _title(name: str) -> str:
    return name.strip("_").removesuffix("Config")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(configuration_reference(), encoding="utf-8")
    else:
        sys.stdout.write(configuration_reference())
