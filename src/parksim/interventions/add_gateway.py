"""Connect the park to the city: a metro exit, a bus stop, a shuttle, a road entrance, a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = Settings = None


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the gateway."""
    assert intervention.gateway is not None
    return layout.model_copy(update={"gateways": (*layout.gateways, intervention.gateway)})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    if intervention.gateway is None:
        return "add_gateway needs 'gateway:'"
    if any(g.name == intervention.gateway.name for g in layout.gateways):
        return f"there is a gateway '{intervention.gateway.name}' already"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    g = intervention.gateway
    return f"open {g.kind} '{g.name}', every {g.headway_min:g} min" if g else "open a gateway"
