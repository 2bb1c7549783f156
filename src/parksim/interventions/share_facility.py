"""Open a facility that an enterprise keeps for its own staff to everybody, also to people from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._named import missing, replaced
from parksim.scenario.schema import Amenity

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "an amenity for own staff"
Settings = any_of(Amenity, only=("outsiders", "price", "opens", "closes", "opex_cny_year"))
MECHANISM = "services"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the facility open to everybody; it stays its owner's."""
    shared = {**intervention.set, "access": "everyone"}
    return layout.model_copy(
        update={"amenities": replaced(layout.amenities, intervention.target, shared)},
    )


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    gone = missing("amenity", layout.amenities, intervention.target)
    if gone:
        return gone
    facility = next(a for a in layout.amenities if a.name == intervention.target)
    return f"'{facility.name}' is open to everyone already" if facility.access == "everyone" else None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    outsiders = intervention.set.get("outsiders", 0)
    visitors = f" and {outsiders} visitors a day from outside" if outsiders else ""
    return f"share '{intervention.target}' with everybody in the park{visitors}"
