"""Change who runs the place: organs, elections, the chain of answers, budget, projects, offers, channels, events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.offered import not_there
from parksim.scenario.organs import Governance

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(Governance)
MECHANISM = "governance"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "governance", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    wrong = impossible(layout, "governance", intervention)
    if wrong:
        return wrong
    for offer, message in not_there(apply(layout, intervention)):
        return f"set.offers.{offer}: {message}"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return "governance: " + ", ".join(
        f"{name} = {_said(value)}" for name, value in sorted(intervention.set.items())
    )


def _said(value: Any) -> str:
    """Name the things of a list instead of spelling them out."""
    if isinstance(value, list | tuple) and value and all(isinstance(x, dict) and "name" in x for x in value):
        return ", ".join(str(x["name"]) for x in value)
    return str(value)
