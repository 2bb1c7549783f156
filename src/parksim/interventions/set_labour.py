"""Hold job fairs, or bring colleges into the park: vacancies and people find each other sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.schema import Labour

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(Labour)
MECHANISM = "labour"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "labour", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "labour", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return "labour: " + ", ".join(f"{name} = {value}" for name, value in sorted(intervention.set.items()))
