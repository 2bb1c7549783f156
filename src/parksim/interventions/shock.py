"""Let something befall the place from this month on: an epidemic, a fall of demand, a flood, safety hazards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from parksim.interventions._fields import all_of
from parksim.scenario.shocks import Shock

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout

TARGET = None
Settings = all_of(Shock, but=("name", "month"))
MECHANISM = "shocks"


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the shock to come; its closures come and go by themselves."""
    return layout.model_copy(update={"shocks": (*layout.shocks, _shock(intervention))})


def problem(layout: Layout, intervention: Intervention) -> str | None:
    """Say what makes it impossible."""
    if "type" not in intervention.set:
        return "shock needs 'set:' with at least 'type'"
    try:
        shock = _shock(intervention)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    if any(shock.name == other.name for other in layout.shocks):
        return f"there is a shock '{shock.name}' already"
    return None


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    months = intervention.set.get("months", 1)
    return f"{intervention.set.get('type', 'a shock')} for {months} month{'s' if months != 1 else ''}"


def _shock(intervention: Intervention) -> Shock:
    month = max(intervention.month + intervention.build_months, 1)
    return Shock.model_validate({"name": intervention.name, "month": month, **intervention.set})
