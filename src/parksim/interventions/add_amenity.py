"""Open a new place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = Settings = None
MECHANISM = "services"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the amenity."""
    assert intervention.amenity is not None
    return layout.model_copy(update={"amenities": (*layout.amenities, intervention.amenity)})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    if intervention.amenity is None:
        return "add_amenity needs 'amenity:'"
    if any(a.name == intervention.amenity.name for a in layout.amenities):
        return f"there is an amenity '{intervention.amenity.name}' already"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    a = intervention.amenity
    return f"open {a.category} '{a.title or a.name}' with {a.capacity:g} places" if a else "open a place"
