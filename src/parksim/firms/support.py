"""Support: funds, credit on intellectual property and rewards for a listing reach firms as cash.

Cash lengthens the runway, which is all it does: whether a firm stays follows from :mod:`parksim.firms.cash`.
What is paid is booked in its month, what is left of a budget is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.firms import cash, ladder
from parksim.scenario.schema import PAYERS
from parksim.scenario.terms import TIERS

if TYPE_CHECKING:
    from parksim.chance import Floats, Ids
    from parksim.model import ParkModel
    from parksim.scenario.support import Credit, Fund
    from parksim.table import Rows

_YEAR = 12


@dataclass
class SupportState:
    """Loans that run, and what changed hands.

    Attributes
    ----------
    debtor : uint64 array [loan]
        Identity of the firm.
    instalment : float array [loan]
        CNY a month.
    left : int array [loan]
        Instalments still to come.
    lender : int array [loan]
        Index in :data:`parksim.scenario.schema.PAYERS`.
    given : dict of payer to float
        Given to firms this month less what they paid back, CNY.
    total : float
        The same over all months and payers since month 0.
    """

    debtor: Ids = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    instalment: Floats = field(default_factory=lambda: np.empty(0))
    left: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    lender: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    given: dict[str, float] = field(default_factory=dict)
    total: float = 0.0


def play(model: ParkModel, advanced: tuple[Rows, npt.NDArray[np.int8]]) -> None:
    """Collect instalments, lend, reward the stages of a listing reached this month, and give out funds.

    Parameters
    ----------
    model : ParkModel
    advanced : pair of arrays
        Firms that reached a stage this month, and which, from 1 (:func:`parksim.firms.ladder.go_public`).
    """
    plan, state = model.layout.support, model.support
    state.given = {}
    _collect(model)
    if plan.credit is not None:
        _lend(model, plan.credit)
    if plan.listing is not None:
        rows, stage = advanced
        _give(model, rows, np.array([0.0, *plan.listing.cny_stages])[stage], plan.listing.payer)
    if model.month % _YEAR == 0:
        for fund in plan.funds:
            _award(model, fund)


def _give(model: ParkModel, rows: Rows, cny: Floats, payer: str) -> None:
    """Give firms cash (take it, if negative) and book it."""
    if rows.size == 0:
        return
    cash.support(model, rows, cny)
    state, total = model.support, float(cny.sum())
    state.given[payer] = state.given.get(payer, 0.0) + total
    if not model.in_burn_in:
        state.total += total


def _while_it_lasts(wanted: Floats, budget: float) -> Floats:
    """Give each in turn what is wanted; the last one gets what is left."""
    before = np.cumsum(wanted) - wanted
    return np.clip(budget - before, 0.0, wanted)


def _collect(model: ParkModel) -> None:
    """Collect the month's instalments; firms that are gone pay no more."""
    state, firms = model.support, model.firms
    if state.debtor.size == 0:
        return
    active = np.flatnonzero(firms.active)
    order = active[np.argsort(firms.identity[active], kind="stable")]
    at = np.minimum(np.searchsorted(firms.identity[order], state.debtor), max(order.size - 1, 0))
    here = firms.identity[order[at]] == state.debtor if order.size else np.zeros(at.size, dtype=np.bool_)
    rows = order[at[here]]
    for k, payer in enumerate(PAYERS):
        mine = state.lender[here] == k
        _give(model, rows[mine], -state.instalment[here][mine], payer)
    runs_on = here & (state.left > 1)
    _keep(state, runs_on)
    state.left -= 1


def _keep(state: SupportState, which: npt.NDArray[np.bool_]) -> None:
    for name in ("debtor", "instalment", "left", "lender"):
        setattr(state, name, getattr(state, name)[which])


def _lend(model: ParkModel, credit: Credit) -> None:
    """Lend to firms that do research, are short of cash and owe nothing, in the order of a lottery."""
    firms, state = model.firms, model.support
    asks = firms.active & (firms.rd_share >= credit.research_share) & (firms.runway < credit.runway_months)
    rows = np.flatnonzero(asks)
    rows = rows[~np.isin(firms.identity[rows], state.debtor)]
    lot = model.chance.uniform("credit", model.month, firms.identity[rows])
    rows = rows[np.argsort(lot, kind="stable")]
    loan = _while_it_lasts(firms.size[rows] * credit.cny_worker, credit.cny_year / _YEAR)
    rows, loan = rows[loan > 0], loan[loan > 0]
    _give(model, rows, loan, credit.payer)
    state.debtor = np.concatenate([state.debtor, firms.identity[rows]])
    state.instalment = np.concatenate([state.instalment, loan * annuity(credit.interest_year, credit.months)])
    state.left = np.concatenate([state.left, np.full(rows.size, credit.months)])
    state.lender = np.concatenate([state.lender, np.full(rows.size, PAYERS.index(credit.payer))])


def annuity(interest_year: float, months: int) -> float:
    """Return the monthly instalment of a loan of 1 that is paid back in equal parts."""
    monthly = interest_year / _YEAR
    return monthly / -np.expm1(-months * np.log1p(monthly)) if monthly else 1 / months


def _award(model: ParkModel, fund: Fund) -> None:
    """Give a fund's budget of the year to the firms that may have it, by this year's ranking of the ladder."""
    firms = model.firms
    may = firms.active.copy()
    if fund.sectors:
        may &= np.isin(firms.sector, [model.sector_index(sector) for sector in fund.sectors])
    if fund.tiers:
        may &= np.isin(firms.tier, [TIERS.index(tier) for tier in fund.tiers])
    if fund.max_age_years is not None:
        may &= model.month - firms.born <= 12 * fund.max_age_years
    rows = np.flatnonzero(may)
    rows = rows[np.argsort(-ladder.score(model, rows), kind="stable")]
    cny = _while_it_lasts(np.full(rows.size, fund.cny_firm), fund.cny_year)
    _give(model, rows[cny > 0], cny[cny > 0], fund.payer)
