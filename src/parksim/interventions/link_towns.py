"""Open the hub of linked towns, or change how open it is and who takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.schema import Link

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(Link)
MECHANISM = "link"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "link", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "link", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    openness, towns = intervention.set.get("openness"), intervention.set.get("towns")
    what = f"open the hub to {openness:.0%}" if isinstance(openness, int | float) else "change the hub"
    return f"{what}: {', '.join(towns)}" if towns else f"{what} between all linked towns"
