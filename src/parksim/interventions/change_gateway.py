"""Change a gateway: how often it runs, the fare, seats, capacity; or close it, or open it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.interventions._fields import any_of
from parksim.interventions._named import missing, nothing_set, replaced, told
from parksim.scenario.schema import Gateway

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = "a gateway"
Settings = any_of(Gateway, but=("name", "kind", "cell"))
MECHANISM = "transit"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the gateway changed."""
    gateways = replaced(layout.gateways, intervention.target, intervention.set)
    return layout.model_copy(update={"gateways": gateways})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    gone = missing("gateway", layout.gateways, intervention.target) or nothing_set(intervention, Settings)
    if gone:
        return gone
    gateway = next(g for g in layout.gateways if g.name == intervention.target)
    after = Gateway.model_validate({**gateway.model_dump(), **intervention.set})
    if "closed" in intervention.set and after.closed == gateway.closed:
        return f"the gateway '{gateway.name}' is {'closed' if gateway.closed else 'open'} already"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return f"gateway '{intervention.target}': {told(intervention)}"
