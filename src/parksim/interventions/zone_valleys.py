"""Zone the park as a hub and valleys: blocks for firms of some sectors, the hub and the rest for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.zoning import Zoning

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(Zoning)
MECHANISM = "zoning"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "zoning", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "zoning", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    valleys = intervention.set.get("valleys") or ()
    names = [str(valley.get("name", "?")) for valley in valleys if isinstance(valley, dict)]
    hub = intervention.set.get("hub")
    what = f"{len(names)} valleys ({', '.join(names)})" if names else "other rules for the valleys"
    return f"{what} around the hub '{hub}'" if hub else what
