"""Works: what was decided earlier is built, and opens when its months of building are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.scenario.renewal import advanced, build_cost_cny, payers, schedule

if TYPE_CHECKING:
    from parksim.model import ParkModel


def play(model: ParkModel) -> None:
    """Open what is finished this month, and take blocks under renewal to their stage."""
    due = [item for item in model.works if item[0] <= model.month]
    model.works = [item for item in model.works if item[0] > model.month]
    for _, intervention in due:
        model.change_layout(intervention)
    if model.undisturbed.renewals:
        renew(model)


def renew(model: ParkModel) -> None:
    """Take every renewal to this month's stage; its cost is paid in equal parts from the notice to the reopening."""
    layout, p = model.undisturbed, model.spec.parameters.renewal
    for renewal in layout.renewals:
        _, reopens = schedule(renewal, p)
        if renewal.month <= model.month < reopens:
            part = build_cost_cny(layout, renewal, p) / (reopens - renewal.month)
            for payer, share in payers(renewal, p).items():
                model.book(payer, share * part, 0.0)
    changed = advanced(layout, model.month, p)
    if changed is not layout:
        model.set_layout(changed)
