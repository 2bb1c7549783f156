"""Interventions: one module a kind, found by name.

An intervention is a pure function from one :class:`~parksim.scenario.schema.Layout` to the next. It cannot
reach people, firms or indicators; what it changes for them, it changes through the place. Packages of
other authors add kinds under the entry point ``parksim.interventions``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parksim.scenario.schema import Intervention, Layout


class Kind(Protocol):
    """What a module of an intervention offers."""

    def apply(self, layout: Layout, intervention: Intervention) -> Layout:
        """Return the layout after the intervention."""

    def summary(self, intervention: Intervention) -> str:
        """Say in one line what it does."""

    def problem(self, layout: Layout, intervention: Intervention) -> str | None:
        """Say what makes it impossible on this layout, or None."""


@cache
def kinds() -> Mapping[str, Kind]:
    """Return every kind by name: ours, and those that installed packages add."""
    own = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    found: dict[str, Kind] = {name: import_module(f"{__name__}.{name}") for name in own}
    for entry in entry_points(group="parksim.interventions"):
        found.setdefault(entry.name, entry.load())
    return found
