"""Change a car park: what a day costs, how many places it has, who may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._named import missing, nothing_set, replaced, told
from parksim.scenario.schema import CarPark

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "a car park"
Settings = any_of(CarPark, only=("places", "price", "access", "owner"))
MECHANISM = "roads"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the car park changed."""
    lots = replaced(layout.car_parks, intervention.target, intervention.set)
    return layout.model_copy(update={"car_parks": lots})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return (
        missing("car park", layout.car_parks, intervention.target)
        or nothing_set(intervention, Settings)
        or replaced_badly(layout, intervention)
    )


def replaced_badly(layout: Layout, intervention: Intervention) -> str | None:
    """Say that nobody could use the car park any more."""
    lot = next(c for c in layout.car_parks if c.name == intervention.target)
    data = {**lot.model_dump(), **intervention.set}
    return "access 'staff' needs an 'owner'" if data["access"] == "staff" and not data["owner"] else None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"car park '{intervention.target}': {told(intervention)}"
