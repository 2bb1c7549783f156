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

    from parksim.scenario.schema import Amenity, CarPark, Gateway, Intervention, Layout


class Kind(Protocol):
    """What a module (or an object) of an intervention offers: these three functions.

    It may also say, as plain attributes,

    ``Settings``
        a pydantic model (forbid what is unknown: inherit from :class:`~parksim.scenario.parameters.Frozen`)
        of what ``set:`` may give; None where it takes no ``set:``. Files are checked against it at their
        lines, and the table of kinds in the documentation is made from it;
    ``TARGET``
        what ``target:`` names, as ``"a fence"``; None where it takes no target;
    ``MECHANISM``
        the mechanism of :data:`parksim.experiment.decompose.MECHANISMS` it belongs to;
    ``made(intervention)``
        the amenities, gateways and car parks it adds, where they are not given as such.
    """

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


def made(intervention: Intervention) -> list[Amenity | Gateway | CarPark]:
    """Return what an intervention adds to the layout that has a name of its own."""
    tells = getattr(kinds().get(intervention.kind), "made", None)
    if tells is not None:
        return list(tells(intervention))
    given = (intervention.amenity, intervention.gateway, intervention.car_park)
    return [thing for thing in given if thing is not None]
