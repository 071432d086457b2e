"""Reads the types of sections: which section a place in a file belongs to, and which keys it may have there.

pydantic reports the place of an error with the chosen members of unions in it; these functions take them out again.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import Discriminator, Tag
from pydantic.fields import FieldInfo

from modyn.config.section import Loc, Section


@dataclass(frozen=True)
class Place:
    """Where an error is.

    Attributes:
        loc: keys and list positions only.
        section: the section that the last key belongs to, or the one at the place itself.
    """

    loc: Loc
    section: type[Section] | None


@cache
def field_types(section: type[Section]) -> Mapping[str, Any]:
    """The full annotation of each field, its union's discriminator included."""
    hints = get_type_hints(section, include_extras=True)
    return {name: hints[name] for name in section.model_fields}


def keys_of(section: type[Section]) -> list[str]:
    """The keys that a section may have."""
    return list(section.model_fields)


def locate(root: Any, loc: Loc) -> Place:
    """The place in a file that pydantic's `loc` means, for data validated as `root`."""
    current, place, section = root, [], _as_section(root)
    for part in loc:
        members = tagged_members(current)
        if members is not None and part in members:
            current = members[part]
            section = _as_section(current) or section
            continue
        inside = _inside(current, part)
        if inside is None:
            if _as_section(_plain(current)) is None and not isinstance(part, int):
                break  # the name of a member of a plain union, or of a validator
            section = _as_section(_plain(current)) or section
            place.append(part)  # a key that the section does not have
            break
        section = _as_section(_plain(current)) or section
        place.append(part)
        current = inside
    return Place(tuple(place), section)


def section_at(annotation: Any, data: Any) -> type[Section] | None:
    """The section that `data` is meant to be, or None if its type is another or cannot be told."""
    members = tagged_members(annotation)
    if members is None:
        return _as_section(_plain(annotation))
    tag = _tag(annotation, data)
    return section_at(members[tag], data) if tag in members else None


def items_of(annotation: Any) -> Any:
    """The annotation of the items of a list or the values of a dict, or None."""
    plain = _plain(annotation)
    if get_origin(plain) is list:
        return get_args(plain)[0]
    if get_origin(plain) is dict:
        return get_args(plain)[1]
    return None


def tagged_members(annotation: Any) -> dict[str, Any] | None:
    """The members of a discriminated union by their tags, or None for another type."""
    annotation = _without_none(annotation)
    if get_origin(annotation) is not Annotated:
        return None
    inner, *metadata = get_args(annotation)
    discriminator = _discriminator(metadata)
    if discriminator is None:
        return tagged_members(inner) if get_origin(inner) is Annotated else None
    members: dict[str, Any] = {}
    for member in get_args(inner):
        for tag in _tags_of(member, discriminator):
            members[tag] = member
    return members


def discriminator_key(annotation: Any) -> str | None:
    """The key that chooses the member of a union, if a key alone does."""
    annotation = _without_none(annotation)
    found = _discriminator(get_args(annotation)[1:]) if get_origin(annotation) is Annotated else None
    return found if isinstance(found, str) else getattr(getattr(found, "discriminator", None), "key", None)


def _inside(annotation: Any, part: str | int) -> Any:
    plain = _plain(annotation)
    section = _as_section(plain)
    if section is not None:
        return field_types(section).get(str(part))
    return items_of(plain)


def _tag(annotation: Any, data: Any) -> Any:
    discriminator = _discriminator(get_args(_without_none(annotation))[1:])
    if isinstance(discriminator, Discriminator):
        return discriminator.discriminator(data)  # type: ignore[operator]
    return data.get(discriminator) if isinstance(data, Mapping) else None


def _discriminator(metadata: Any) -> str | Discriminator | None:
    for item in metadata:
        if isinstance(item, Discriminator):
            return item
        if isinstance(item, FieldInfo) and isinstance(item.discriminator, str):
            return item.discriminator
    return None


def _tags_of(member: Any, discriminator: str | Discriminator) -> list[str]:
    if isinstance(discriminator, str):
        section = _as_section(_plain(member))
        assert section is not None
        hint = _plain(field_types(section)[discriminator])
        assert get_origin(hint) is Literal
        return list(get_args(hint))
    return [item.tag for item in get_args(member)[1:] if isinstance(item, Tag)]


def _plain(annotation: Any) -> Any:
    """The annotation without `Annotated` and without `| None`."""
    annotation = _without_none(annotation)
    while get_origin(annotation) is Annotated:
        annotation = _without_none(get_args(annotation)[0])
    return annotation


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return members[0]
    return annotation


def _as_section(annotation: Any) -> type[Section] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None
