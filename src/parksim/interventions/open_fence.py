"""Open a fence: people walk through where it stood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._named import missing, replaced

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the fence open."""
    fences = replaced(layout.map.fences, intervention.target, {"open": True})
    return layout.model_copy(update={"map": layout.map.model_copy(update={"fences": fences})})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return missing("fence", layout.map.fences, intervention.target)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"open the fence '{intervention.target}'"
