"""Hold community events: so many a month, with so many places each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.organs import Governance

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(Governance, only=("events_month", "event_places"))
MECHANISM = "governance"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with its calendar of events."""
    return changed(layout, "governance", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "governance", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    events, places = (intervention.set.get(name, "as many") for name in ("events_month", "event_places"))
    return f"hold {events} events a month for {places} people each"
