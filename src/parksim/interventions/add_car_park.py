"""Open a car park: on a cell, or under the buildings of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = Settings = None
MECHANISM = "roads"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the car park."""
    assert intervention.car_park is not None
    return layout.model_copy(update={"car_parks": (*layout.car_parks, intervention.car_park)})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    if intervention.car_park is None:
        return "add_car_park needs 'car_park:'"
    if any(c.name == intervention.car_park.name for c in layout.car_parks):
        return f"there is a car park '{intervention.car_park.name}' already"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    c = intervention.car_park
    if c is None:
        return "open a car park"
    return f"open car park '{c.title or c.name}' with {c.places:g} places at {c.price:g} CNY a day"
