"""Close a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._named import missing

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "an amenity"
Settings = None
MECHANISM = "services"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout without the amenity."""
    kept = tuple(a for a in layout.amenities if a.name != intervention.target)
    return layout.model_copy(update={"amenities": kept})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return missing("amenity", layout.amenities, intervention.target)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"close '{intervention.target}'"
