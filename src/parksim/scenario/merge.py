"""How a child's statements change its parent's: the one rule behind ``extends`` and :meth:`Scenario.with_`.

Mappings merge key by key. Lists of named things merge by name: the same name changes that thing, a new one
is added, ``remove: true`` takes it away. Everything else (numbers, text, other lists, an empty one) replaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from parksim.errors import nearest
from parksim.scenario.document import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = ("cell", "cells", "block", "outside")
"""Ways to say where a thing is: stating one replaces the one it had."""

TRUE = ("true", "yes", "on")

Fault = tuple[str, str]
"""Dotted path and message."""


def is_named(value: Any) -> TypeGuard[Sequence[dict[str, Any]]]:
    """Whether this is a list of things with names."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("name"), str | int | float) for item in value)
    )


def merge(parent: Any, child: Any, path: str = "", faults: list[Fault] | None = None) -> Any:
    """Say what results when `child` is stated on top of `parent`.

    Parameters
    ----------
    parent, child : plain data
        Neither is changed; the result shares what stays the same.
    path : str
        Where this is, for messages.
    faults : list, optional
        Receives the removals of things that are not there.

    Returns
    -------
    plain data
        The merged value.
    """
    faults = [] if faults is None else faults
    if isinstance(parent, dict) and isinstance(child, dict):
        return _merge_mappings(parent, child, path, faults)
    if is_named(child):
        return _merge_named(parent if is_named(parent) else [], child, path, faults)
    return child


def _merge_mappings(
    parent: dict[str, Any], child: dict[str, Any], path: str, faults: list[Fault]
) -> dict[str, Any]:
    merged = dict(parent)
    if any(child.get(key) is not None for key in PLACES):
        for key in PLACES:
            if parent.get(key) is not None:
                merged[key] = None
    for key, value in child.items():
        where = joined(path, key)
        whole = key not in parent or path == "sources"  # a new source must not keep the old one's range
        merged[key] = merge(None if whole else parent[key], value, where, faults)
    return merged


def _merge_named(
    parent: Sequence[dict[str, Any]], child: Sequence[dict[str, Any]], path: str, faults: list[Fault]
) -> list[dict[str, Any]]:
    merged = {item["name"]: item for item in parent}
    added: list[dict[str, Any]] = []  # apart, so that a name added twice is seen later
    for item in child:
        name = item["name"]
        where = joined(path, name)
        if "remove" in item:
            if str(item["remove"]).lower() not in TRUE or len(item) > 2:
                faults.append(
                    (joined(where, "remove"), "should be 'remove: true' and stand alone with 'name'")
                )
            elif name not in merged:
                faults.append((where, f"there is no '{name}' to remove{nearest(name, map(str, merged))}"))
            merged.pop(name, None)
        elif name in merged:
            merged[name] = merge(merged[name], item, where, faults)
        else:
            added.append(merge(None, item, where, faults))
    return [*merged.values(), *added]
