"""Interventions: what is due this month is paid for, and takes effect at once or after its works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.model import ParkModel


def play(model: ParkModel) -> None:
    """Carry out the scenario's interventions of this month."""
    for intervention in model.spec.interventions:
        if intervention.month != model.month:
            continue
        model.book(intervention.payer, intervention.cost_cny, intervention.cost_cny_year)
        if intervention.build_months:
            model.works.append((model.month + intervention.build_months, intervention))
        else:
            model.change_layout(intervention)
