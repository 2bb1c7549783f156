"""Open a fence: people walk through where it stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._named import missing, replaced

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "a fence"
Settings = None
MECHANISM = "walking"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the fence open."""
    fences = replaced(layout.map.fences, intervention.target, {"open": True})
    return layout.model_copy(update={"map": layout.map.model_copy(update={"fences": fences})})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    gone = missing("fence", layout.map.fences, intervention.target)
    if gone:
        return gone
    is_open = any(fence.open for fence in layout.map.fences if fence.name == intervention.target)
    return f"the fence '{intervention.target}' is open already" if is_open else None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"open the fence '{intervention.target}'"
