"""Works: what was decided earlier is built, and opens when its months of building are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.scenario.renewal import advanced, build_cost_cny, payers, schedule

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.schema import Renewal


def play(model: ParkModel) -> None:
    """Open what is finished this month, and take blocks under renewal to their stage."""
    due = [item for item in model.works if item[0] <= model.month]
    model.works = [item for item in model.works if item[0] > model.month]
    for _, intervention in due:
        model.change_layout(intervention)
    if model.undisturbed.renewals:
        renew(model)


def begin(model: ParkModel) -> None:
    """Book what it cost to build the blocks that stand renewed from month 0 on, and did not in the plain park."""
    plain = {r.name for r in (model.spec.before or model.spec).renewals}
    for renewal in model.layout.renewals:
        if renewal.stage == "reopened" and renewal.name not in plain:
            _pay(model, renewal, 1.0)


def renew(model: ParkModel) -> None:
    """Take every renewal to this month's stage; its cost is paid in equal parts from the notice to the reopening."""
    layout, p = model.undisturbed, model.spec.parameters.renewal
    for renewal in layout.renewals:
        _, reopens = schedule(renewal, p)
        if renewal.stage != "reopened" and renewal.month <= model.month < reopens:
            _pay(model, renewal, 1 / (reopens - renewal.month))
    changed = advanced(layout, model.month, p)
    if changed is not layout:
        model.set_layout(changed)


def _pay(model: ParkModel, renewal: Renewal, part: float) -> None:
    p = model.spec.parameters.renewal
    cost = build_cost_cny(model.undisturbed, renewal, p)
    for payer, share in payers(renewal, p).items():
        model.book(payer, share * part * cost, 0.0)
