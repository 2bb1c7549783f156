"""Bring a named enterprise to the park; it takes floor, hires and lives like every other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.errors import nearest
from parksim.interventions._fields import all_of
from parksim.scenario.schema import Arrival

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = all_of(Arrival, but=("name", "month"))
MECHANISM = "arrivals"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the arrival announced for the month in which the works are over."""
    return layout.model_copy(update={"arrivals": (*layout.arrivals, _arrival(intervention))})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    if not {"employees", "sector"} <= intervention.set.keys():
        return "anchor_arrives needs 'set:' with at least 'employees' and 'sector'"
    plan = _arrival(intervention)
    if plan.block is not None and plan.block not in layout.map.blocks:
        return f"there is no block '{plan.block}'{nearest(plan.block, layout.map.blocks)}"
    if any(plan.name == other.name for other in layout.arrivals):
        return f"'{plan.name}' arrives already"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    posts, months = intervention.set.get("employees", "?"), intervention.set.get("ramp_months", 1)
    return f"{intervention.set.get('title', intervention.name)} comes with {posts} posts over {months} months"


def _arrival(intervention: Intervention) -> Arrival:
    month = max(intervention.month + intervention.build_months, 1)
    return Arrival.model_validate({"name": intervention.name, "month": month, **intervention.set})
