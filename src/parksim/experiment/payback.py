"""In how many years each payer has its money back: from the paired differences of a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from parksim.experiment import statistics
from parksim.experiment.breakeven import fieller, includes_nil, values
from parksim.scenario.schema import PAYERS

if TYPE_CHECKING:
    from parksim.experiment.comparison import Comparison
    from parksim.experiment.statistics import Paired
    from parksim.scenario.terms import Payer

Floats = npt.NDArray[np.float64]

Why = Literal["", "old", "one_run", "nothing_spent", "never", "open"]
"""Why there is no payback time: the runs do not hold it; there is one replication; nothing more is spent once; the
returns do not pay for it; the interval of the yearly balance includes 0."""


@dataclass(frozen=True, slots=True)
class Payback:
    """Years until one payer's money is back.

    Attributes
    ----------
    years, low, high : float
        nan where there is none; `high` is infinite where the interval's far end never pays back.
    reason : str
        Why there is none, see :data:`Why`; else empty.
    """

    years: float
    low: float
    high: float
    reason: Why = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it; what is not available, or infinite, is None."""
        numbers = {name: statistics.finite(getattr(self, name)) for name in ("years", "low", "high")}
        return {**numbers, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Account:
    """What an alternative means for one payer, against the baseline.

    Attributes
    ----------
    payer : str
    once : Paired
        One-off cost, CNY.
    running, returns : Paired
        Running cost and returns, CNY a year.
    balance : Paired
        Returns less cost over the run, discounted, CNY.
    payback : Payback
    """

    payer: Payer
    once: Paired
    running: Paired
    returns: Paired
    balance: Paired
    payback: Payback

    @property
    def moves(self) -> bool:
        """Whether anything differs for this payer."""
        return any(
            pair.n and (pair.mean or pair.low != pair.high)
            for pair in (self.once, self.running, self.returns, self.balance)
        )


def accounts(comparison: Comparison, scenario: str | None = None) -> list[Account]:
    """Return what an alternative (by default the second scenario) means for every payer."""
    other = scenario or comparison.names[1]

    def pair(indicator: str, side: int = 1) -> Paired:
        both = [side * values(comparison, indicator, name) for name in (comparison.baseline, other)]
        return statistics.paired(*both)

    return [
        Account(
            payer,
            pair(f"capex_cny_{payer}"),
            pair(f"opex_cny_year_{payer}"),
            pair(f"returns_cny_year_{payer}"),
            pair(f"net_cost_{payer}", -1),
            payback(comparison, payer, other),
        )
        for payer in PAYERS
    ]


def payback(comparison: Comparison, payer: str, scenario: str | None = None) -> Payback:
    r"""Return after how many years a payer has its money back.

    With the mean differences of one-off cost C and of yearly returns less running cost B, as they stand in the last
    year of the runs, and the discount rate r:

    .. math:: T = -\ln(1 - C \ln(1+r) / B) / \ln(1+r)

    The 95 % interval is Fieller's for the ratio C / B, carried through this rising function. It counts from the day
    on which all is in place.

    Parameters
    ----------
    comparison : Comparison
    payer : str
    scenario : str, optional
        The alternative; by default the second scenario.
    """
    other = scenario or comparison.names[1]

    def change(indicator: str) -> Floats:
        a, b = (values(comparison, f"{indicator}_{payer}", name) for name in (comparison.baseline, other))
        return b - a

    once, gain = change("capex_cny"), change("returns_cny_year") - change("opex_cny_year")
    both = np.isfinite(once) & np.isfinite(gain)
    once, gain = once[both], gain[both]
    if reason := _why_not(once, gain):
        return Payback(math.nan, math.nan, math.nan, reason)
    low, high = fieller(once, gain)
    return Payback(_years(float(once.mean() / gain.mean())), _years(max(low, 0.0)), _years(high))


def _why_not(once: Floats, gain: Floats) -> Why:
    if not once.size:
        return "old"
    if once.mean() <= 0:
        return "nothing_spent"
    if once.size < 2:
        return "one_run"
    if includes_nil(gain):
        return "open"
    if gain.mean() < 0 or math.isinf(_years(float(once.mean() / gain.mean()))):
        return "never"
    return ""


def _years(ratio: float) -> float:
    """Return the years in which a yearly flow of 1 pays for `ratio`; infinite where interest is more."""
    from parksim.accounts import DISCOUNT_YEAR  # noqa: PLC0415  (imports the model)

    rate = math.log1p(DISCOUNT_YEAR)
    return math.inf if ratio * rate >= 1 else -math.log1p(-ratio * rate) / rate
