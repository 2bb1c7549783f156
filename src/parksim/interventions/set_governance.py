"""Change who runs the place: organs, seats, channels for requests, events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._section import changed, impossible

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "governance", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "governance", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return "governance: " + ", ".join(f"{name} = {value}" for name, value in sorted(intervention.set.items()))
