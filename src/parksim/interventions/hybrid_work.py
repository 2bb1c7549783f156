"""Let people work at home some days a week: trips, meals and car places are spared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.schema import HybridWork

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(HybridWork)
MECHANISM = "hybrid"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "hybrid", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "hybrid", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return "hybrid: " + ", ".join(f"{name} = {value}" for name, value in sorted(intervention.set.items()))
