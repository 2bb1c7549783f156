"""Who pays, and what comes back: costs and returns by payer, month by month, discounted to month 0.

**Costs** are what is booked: the making and running of places beyond the plain layout, governance beyond the plain
one's, and what interventions cost. **Returns** are what the model's own months bring in: the local share of tax on
workers, rents of offices and flats, prices of visits. They count *beyond those of the plain park in its month 0*, so
that a single run shows what changed, and the difference of two scenarios is exactly the difference of their returns.

Only what changes hands because of the place is in a payer's account. Firms' own output, wages and taxes are not: a
firm that grows is no cost to employers. Nor is what nobody pays for, as time saved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.phases.services import days_a_month
from parksim.scenario.schema import PAYERS

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.schema import Layout
    from parksim.scenario.terms import Payer

Floats = npt.NDArray[np.float64]

RUN_BY: dict[str, Payer] = {"public": "government", "commercial": "operator", "enterprise": "employers"}
"""Whose cost and income a place is, by its operator."""
DISCOUNT_YEAR = 0.04  # assumed social discount rate


def _nil() -> dict[str, float]:
    return dict.fromkeys(PAYERS, 0.0)


@dataclass
class Ledger:
    """The accounts of a run, by payer.

    Attributes
    ----------
    usual : dict of payer to float
        Returns a month of the plain park in its month 0, CNY.
    usual_rent : float
        Mean office rent of that month, CNY a square metre a month.
    usual_costs : dict of payer to float
        What the plain layout costs to run, CNY a year.
    made : set of str
        Places whose making is paid for.
    layout : Layout
        The layout that was booked last.
    running : dict of payer to float
        What it costs to run, CNY a year.
    booked : dict of payer to float
        What interventions had cost by the end of the last month, CNY.
    once, cost, returns : dict of payer to float
        One-off cost so far; all cost and all returns beyond the usual so far, discounted to month 0, CNY.
    """

    usual: dict[str, float] = field(default_factory=_nil)
    usual_rent: float = 0.0
    usual_costs: dict[str, float] = field(default_factory=_nil)
    made: set[str] = field(default_factory=set)
    layout: Layout | None = None
    running: dict[str, float] = field(default_factory=_nil)
    booked: dict[str, float] = field(default_factory=_nil)
    once: dict[str, float] = field(default_factory=_nil)
    cost: dict[str, float] = field(default_factory=_nil)
    returns: dict[str, float] = field(default_factory=_nil)


# --- the books -----------------------------------------------------------------------------------


def open_books(model: ParkModel, tax: float) -> None:
    """Note what the plain park brings in, while the model stands in its month 0; `tax` in CNY a year."""
    ledger = Ledger(usual_rent=mean_rent(model), usual_costs=_layout_costs(model.undisturbed))
    model.memory.ledger = ledger
    ledger.usual = returns(model, takings(model), tax)
    ledger.made = {a.name for a in model.undisturbed.amenities}


def begin(model: ParkModel) -> None:
    """Book what the scenario's own layout has in month 0 and the plain one has not."""
    _spend(model, 1.0)


def close_month(model: ParkModel, tax: float) -> dict[str, float]:
    """Book the month, and return the indicators of costs and returns.

    Parameters
    ----------
    model : ParkModel
        After the month's phases.
    tax : float
        Of all workers, CNY a year.

    Returns
    -------
    dict of str to float
        Names as in :mod:`parksim.indicators`.
    """
    ledger = model.memory.ledger
    start, end = ((1 + DISCOUNT_YEAR) ** (-month / 12) for month in (model.month - 1, model.month))
    year = float((start - end) / np.log1p(DISCOUNT_YEAR))  # of a steady flow a year, what this month is worth
    _spend(model, start)
    taken = takings(model)
    running, now = running_costs(model), returns(model, taken, tax)
    for payer, cny in model.support.given.items():  # to firms, less what they paid back
        ledger.cost[payer] += cny * end
        ledger.returns["employers"] += cny * end
    out: dict[str, float] = {}
    for payer in PAYERS:
        more = 12 * (now[payer] - ledger.usual[payer])
        ledger.cost[payer] += running[payer] * year
        ledger.returns[payer] += more * year
        out[f"capex_cny_{payer}"] = ledger.once[payer]
        out[f"opex_cny_year_{payer}"] = running[payer]
        out[f"returns_cny_year_{payer}"] = more
        out[f"discounted_cost_{payer}"] = ledger.cost[payer]
        out[f"net_cost_{payer}"] = ledger.cost[payer] - ledger.returns[payer]
    out["capex_cny"] = sum(ledger.once.values())
    # the plain layout's running costs are nobody's difference, but they are part of the sum
    out["opex_cny_year"] = sum(running.values()) + sum(ledger.usual_costs.values())
    out["local_tax_cny_year"] = model.spec.parameters.economics.tax_local_share * tax
    out["office_rent_cny_year"] = 12 * taken.office
    out["flat_rent_cny_year"] = 12 * float(taken.flats.sum())
    out["places_income_cny_year"] = 12 * float(taken.visits.sum())
    out["rent_rise_cny_year"] = 12 * taken.rise
    if model.support.total or model.layout.support.gives:
        out["support_cny"] = model.support.total
    return out


def _spend(model: ParkModel, worth: float) -> None:
    """Book the one-off costs that are new: of places that opened, and of what interventions booked."""
    ledger = model.memory.ledger
    new, layout = _nil(), model.undisturbed  # a place that a shock closes for a while costs what it costs
    if ledger.layout is not layout:
        ledger.layout, ledger.running = layout, _layout_costs(layout)
        for a in layout.amenities:
            if a.name not in ledger.made:
                ledger.made.add(a.name)
                new[RUN_BY[a.operator]] += a.capex_cny
    for payer, (spent, _) in model.books.items():
        new[payer] += spent - ledger.booked[payer]
        ledger.booked[payer] = spent
    for payer, cny in new.items():
        ledger.once[payer] += cny
        ledger.cost[payer] += cny * worth


def running_costs(model: ParkModel) -> dict[str, float]:
    """Return what running costs beyond the plain layout, CNY a year by payer."""
    ledger = model.memory.ledger
    out = {payer: cny - ledger.usual_costs[payer] for payer, cny in ledger.running.items()}
    for payer, (_, yearly) in model.books.items():
        out[payer] += yearly
    return out


def _layout_costs(layout: Layout) -> dict[str, float]:
    """Return what a layout's places and governance cost to run, CNY a year by payer."""
    out = _nil()
    for a in layout.amenities:
        out[RUN_BY[a.operator]] += a.opex_cny_year
    out["government"] += layout.governance.opex_cny_year
    return out


# --- what comes in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Takings:
    """What changes hands in a month, CNY.

    Attributes
    ----------
    office : float
        Rents by the running leases; anchor enterprises own their blocks.
    rise : float
        What firms pay of it beyond the plain park's mean rent of month 0, for the floor they have.
    flats : float array [amenity]
        Rents of the park's flats, those let to others included.
    visits : float array [amenity]
        Prices of the visits to places of the park, outsiders' included. Only who is served pays.
    paid : float
        Prices that employees pay for visits, wherever.
    """

    office: float
    rise: float
    flats: Floats
    visits: Floats
    paid: float


def takings(model: ParkModel) -> Takings:
    """Add up what changes hands this month."""
    floor, mean = _leases(model)
    visits, paid = visits_paid(model)
    usual = model.memory.ledger.usual_rent
    return Takings(floor * mean, floor * (mean - usual), flat_rents(model), visits, paid)


def returns(model: ParkModel, taken: Takings, tax: float) -> dict[str, float]:
    """Return what comes in this month less what is paid to others, CNY by payer.

    Government: the local share of tax, and the prices and rents of public places. Operator: office rents, and
    prices and rents of commercial places. Employers: prices of their own places, less what offices cost more
    than in the plain park's month 0. Users: less the prices they pay for visits, wherever; the rent of a flat
    is left out, as it replaces another home's.
    """
    out = _nil()
    out["government"] = model.spec.parameters.economics.tax_local_share * tax / 12
    out["operator"] = taken.office
    out["employers"] = -taken.rise
    for operator, payer in RUN_BY.items():
        mine = model.place.run_by == operator
        out[payer] += float(taken.visits[mine].sum() + taken.flats[mine].sum())
    out["users"] = -taken.paid
    return out


def mean_rent(model: ParkModel) -> float:
    """Return the mean rent of the running leases, weighed by posts, CNY a square metre a month."""
    return _leases(model)[1]


def _leases(model: ParkModel) -> tuple[float, float]:
    """Return the floor that is let, square metres, and its mean rent; anchor enterprises own their blocks."""
    firms = model.firms
    let = firms.active & (firms.anchor < 0)
    posts = firms.size[let].astype(np.float64)
    total = float(posts.sum())
    mean = float((posts * firms.rent[let]).sum()) / total if total else 0.0
    return total * model.spec.parameters.enterprises.m2_per_worker, mean


def flat_rents(model: ParkModel) -> Floats:
    """Return the month's rents of the park's flats, those let to others included, CNY [amenity]."""
    flat, place = model.posts.flat, model.place
    out = np.zeros(len(place.amenities))
    for j in place.flats:
        others = min(place.amenities[j].outsiders, place.amenities[j].capacity)
        out[j] = place.price[j] * (np.count_nonzero(flat == j) + others)
    return out


def visits_paid(model: ParkModel) -> tuple[Floats, float]:
    """Return what visits bring in this month, CNY [amenity], outsiders' included, and what employees pay in all.

    Only who is served pays. Places outside the park earn nothing for anybody here, but employees pay there too.
    """
    place, state = model.place, model.services
    came = state.asked - state.refused - state.gave_up
    kept = np.divide(came, state.asked, out=np.ones_like(came), where=state.asked > 0)
    days = days_a_month(model)[:, None]
    others = np.maximum(state.load * days - state.asked, 0.0) * ~place.allotted
    paid = came.sum(axis=0) * place.visit_price
    earned = paid + (others * kept).sum(axis=0) * place.visit_price
    return np.where(place.run_by != "", earned, 0.0), float(paid.sum())
