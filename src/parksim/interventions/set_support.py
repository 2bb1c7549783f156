"""Support firms: a one-stop hall, funds, credit on intellectual property, rewards for a listing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._section import changed, impossible
from parksim.scenario.support import Support

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = any_of(Support)
MECHANISM = "support"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the section changed."""
    return changed(layout, "support", intervention)


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    return impossible(layout, "support", intervention)


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    given = intervention.set
    parts = [f"procedures keep firms {given['delay_days']:g} days a month"] if "delay_days" in given else []
    parts += [f"fund {fund['name']}" for fund in given.get("funds") or ()]
    parts += [word for name, word in (("credit", "credit"), ("listing", "listing reward")) if given.get(name)]
    return "support: " + ", ".join(parts)
