"""Lead a separate cycle path to the park: those who ride on it wait less at crossings and go around less.

Either a new way in (``gateway:`` of kind ``path``), or a path that is there (``target:``) gets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._named import missing, replaced
from parksim.scenario.schema import Gateway

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "a gateway of kind path (or give a new one as `gateway:`)"
Settings = any_of(Gateway, only=("cycle_km", "cycle_zones"))
MECHANISM = "walking"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the cycle path."""
    if intervention.gateway is not None:
        return layout.model_copy(update={"gateways": (*layout.gateways, intervention.gateway)})
    gateways = replaced(layout.gateways, intervention.target, intervention.set)
    return layout.model_copy(update={"gateways": gateways})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    new = intervention.gateway
    if (new is None) == (intervention.target is None):
        return "add_cycle_path needs either 'gateway:' (a new path) or 'target:' (one that is there)"
    if new is not None and any(g.name == new.name for g in layout.gateways):
        return f"there is a gateway '{new.name}' already"
    gone = missing("gateway", layout.gateways, intervention.target) if new is None else None
    if gone:
        return gone
    path = new or next(g for g in layout.gateways if g.name == intervention.target)
    if path.kind != "path":
        return f"the gateway '{path.name}' is a {path.kind}: a cycle path leads to one of kind 'path'"
    if new is not None:
        return None if new.cycle_km else "the new path has no 'cycle_km': it would be a path, no cycle path"
    return None if "cycle_km" in intervention.set else "add_cycle_path needs 'set:' with 'cycle_km'"


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    new = intervention.gateway
    km = new.cycle_km if new is not None else intervention.set.get("cycle_km", "?")
    return f"a cycle path of {km} km to '{new.name if new is not None else intervention.target}'"
