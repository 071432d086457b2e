"""State dicts of optimizers, schedulers and scalers as JSON plus tensors, without pickle.

JSON has no tuples and no keys but strings, so these are marked: `{"$tuple": [...]}`, `{"$items": [[key, value], ...]}`.
A tensor becomes `{"$tensor": name}` and goes into a dict of tensors beside the tree.
"""

from __future__ import annotations

from typing import Any

import torch

from modyn.errors import ModynError

_SCALARS = (bool, int, float, str, type(None))


def to_tree(value: Any, tensors: dict[str, torch.Tensor], name: str) -> Any:
    """The JSON form of `value`; its tensors are added to `tensors` under names that contain `name`.

    Raises:
        ModynError: something in it is neither a plain value nor a tensor.
    """
    if isinstance(value, torch.Tensor):
        unique = f"{len(tensors)}:{name}"
        tensors[unique] = value
        return {"$tensor": unique}
    if type(value) in _SCALARS:
        return value
    if isinstance(value, list):
        return [to_tree(item, tensors, f"{name}.{position}") for position, item in enumerate(value)]
    if isinstance(value, tuple):
        return {"$tuple": [to_tree(item, tensors, f"{name}.{position}") for position, item in enumerate(value)]}
    if isinstance(value, dict):  # Counter and defaultdict too, which load as plain dicts
        items = [(key, to_tree(item, tensors, f"{name}.{key}")) for key, item in value.items()]
        if all(type(key) is str and not key.startswith("$") for key in value):
            return dict(items)
        return {"$items": [[to_tree(key, tensors, f"{name}.key"), item] for key, item in items]}
    if hasattr(value, "item"):  # a NumPy number
        return to_tree(value.item(), tensors, name)
    raise ModynError(f"a checkpoint cannot hold {name}, which is a {type(value).__name__}; switch checkpointing off")


def from_tree(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """The value that `to_tree` was given."""
    if isinstance(tree, list):
        return [from_tree(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if "$tensor" in tree:
        return tensors[tree["$tensor"]]
    if "$tuple" in tree:
        return tuple(from_tree(item, tensors) for item in tree["$tuple"])
    if "$items" in tree:
        return {from_tree(key, tensors): from_tree(item, tensors) for key, item in tree["$items"]}
    return {key: from_tree(item, tensors) for key, item in tree.items()}
