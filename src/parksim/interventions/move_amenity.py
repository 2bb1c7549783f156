"""Move a place: to another cell, another building, another floor, or outside the park."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._named import missing, replaced
from parksim.scenario.schema import Amenity

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

WHERE = ("cell", "block", "outside")
TARGET = "an amenity"
Settings = any_of(Amenity, only=(*WHERE, "floor"))
MECHANISM = "services"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the amenity elsewhere; on the ground floor unless a floor is given."""
    changes = {**dict.fromkeys(WHERE), "floor": 1, **intervention.set}
    return layout.model_copy(update={"amenities": replaced(layout.amenities, intervention.target, changes)})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    gone = missing("amenity", layout.amenities, intervention.target)
    if gone:
        return gone
    if sum(name in intervention.set for name in WHERE) != 1:
        return "move_amenity needs 'set:' with exactly one of 'cell', 'block' and 'outside'"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"move '{intervention.target}': " + ", ".join(f"{k} = {v}" for k, v in intervention.set.items())
