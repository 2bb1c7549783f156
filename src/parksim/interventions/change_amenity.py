"""Change a place: its capacity, hours, price, or who may use it (sharing an enterprise's facility)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._named import missing, replaced
from parksim.scenario.schema import Amenity

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "an amenity"
Settings = any_of(Amenity, but=("name", "category"))
MECHANISM = "services"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the amenity changed."""
    amenities = replaced(layout.amenities, intervention.target, intervention.set)
    return layout.model_copy(update={"amenities": amenities})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    gone = missing("amenity", layout.amenities, intervention.target)
    if gone:
        return gone
    return None if intervention.set else "change_amenity needs 'set:' with at least one field"


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"change '{intervention.target}': " + ", ".join(f"{k} = {v}" for k, v in intervention.set.items())
