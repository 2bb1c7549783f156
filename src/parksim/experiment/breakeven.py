r"""How strong an effect without evidence would have to be for a community to pay.

By default neither services nor ties keep anybody from quitting (``parameters.staying.services`` and ``.tie``),
because trials found nothing. So a comparison also says how strong either would have to be, beside the range that
evidence allows. Per year, with *A* the baseline and *B* the alternative:

.. math::

   \Delta C = \Delta\text{capex}\,\frac{\ln(1+r)}{1-(1+r)^{-L}} + \Delta\text{opex}, \qquad
   x = \frac{\Delta C}{K\,Q_A}, \qquad K = \text{pay} \times \text{months of pay a quit costs}

where *r* is the discount rate, *L* the years over which what is built is written off, :math:`Q_A` the quits of
the baseline in a year and *x* the share of them that would have to be avoided. The runs already show a share
:math:`y = (T_A - T_B)/T_A` of the turnover *T*, through commutes, offers and whatever effect was
drawn in them. Hazards are products of factors, so to first order the effect *e* of services, the change of the
hazard when all visits are served instead of none, and the factor *t* of a tie avoid

.. math::

   -e\,(\bar s_B - \bar s_A) \quad\text{and}\quad 1 - t^{\,\bar n_B - \bar n_A}

of the quits, with :math:`\bar s` the mean share of visits served (``visits_served``) and :math:`\bar n` the mean
number of ties that count (``ties_counted``). Taking out of *y* what the drawn effect did, and setting the sum to
*x*, gives the effect at which the community pays. :func:`slope` measures the same by extra runs with the effect
at nil and at the end of its range.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from parksim.errors import ParksimError
from parksim.experiment import statistics
from parksim.scenario import parameters, paths
from parksim.scenario.schema import PAYERS

if TYPE_CHECKING:
    from parksim.experiment.comparison import Comparison
    from parksim.experiment.work import Play

Effect = Literal["services", "tie"]
Reason = Literal["", "short", "old", "one_run", "no_cost", "saves", "unchanged", "fewer", "nobody", "unclear"]
"""Why there is no number: runs below a year; a store from before this was measured; a single replication; costs
that do not differ; an alternative that costs less; service or ties not shown to change; or that get worse; nobody who
quits or is retained; a difference whose interval includes 0."""

EFFECTS: dict[Effect, str] = {"services": "visits_served", "tie": "ties_counted"}
"""What each unproven effect works through."""
NIL = {"services": 0.0, "tie": 1.0}
NEARLY_ALL = 0.99
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Strength:
    """How strong one unproven effect would have to be.

    Attributes
    ----------
    effect : {'services', 'tie'}
        Entry of ``parameters.staying``.
    change : float
        Difference of what the effect works through: share of visits served, or ties that count.
    cut : float
        Share by which the effect would have to cut quits: of somebody with all visits served against somebody
        with none; for each tie. At most 0: it pays without the effect; near 1 or above: no effect is strong enough.
    range90 : tuple of float
        5 % and 95 % quantile of `cut` over the replications, that is over the futures drawn.
    allowed : tuple of float
        What evidence allows for `cut`.
    reason : str
        Why `cut` is nan, see :data:`Reason`; else empty.
    """

    effect: Effect
    change: float
    cut: float
    range90: tuple[float, float]
    allowed: tuple[float, float]
    reason: Reason = ""

    @property
    def verdict(self) -> str:
        """``pays`` without the effect, ``allowed`` by evidence, ``beyond`` it, ``impossible``, or ``n/a``."""
        if self.reason:
            return "n/a"
        if self.cut <= 0:
            return "pays"
        if self.cut > NEARLY_ALL:
            return "impossible"
        return "allowed" if self.cut <= self.allowed[1] else "beyond"


@dataclass(frozen=True, slots=True)
class BreakEven:
    """At which avoided quits an alternative pays, and what would have to bring them about.

    Attributes
    ----------
    scenario : str
        The alternative.
    extra_cost_year : float
        What it costs more than the baseline in a year, CNY; buildings written off over their life.
    quit_cost : float
        What replacing an employee costs, CNY.
    quits_year : float
        Quits of the baseline in a year: turnover of the last 12 months times head-count.
    needed : float
        Share of them that would have to be avoided.
    found : float
        Share by which turnover is lower in the runs already.
    found_interval : tuple of float
        95 % interval of `found`.
    effects : tuple of Strength
        One for each unproven effect.
    reason : str
        Why there is nothing to tell of any effect; else empty.
    """

    scenario: str
    extra_cost_year: float
    quit_cost: float
    quits_year: float
    needed: float
    found: float
    found_interval: tuple[float, float]
    effects: tuple[Strength, ...]
    reason: Reason = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it; what is not available is None."""
        out = plain(self)
        for one, strength in zip(out["effects"], self.effects, strict=True):
            one["verdict"] = strength.verdict
        return out


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two paired differences with its 95 % interval (Fieller), or why there is none."""

    value: float
    low: float
    high: float
    reason: Reason = ""


def break_even(comparison: Comparison, scenario: str | None = None) -> BreakEven:
    """Say how strong services or ties would have to be for an alternative to pay; nothing is played.

    Parameters
    ----------
    comparison : Comparison
    scenario : str, optional
        The alternative; by default the second scenario.

    Returns
    -------
    BreakEven
    """
    return _solved(comparison, scenario or comparison.names[1], {})


def played(
    comparison: Comparison,
    scenario: str | None = None,
    *,
    reps: int = 2,
    workers: int = 1,
    play: Play | None = None,
) -> BreakEven:
    """Say the same from extra runs: each effect at nil and at the end of its range, linear between them.

    Parameters
    ----------
    comparison : Comparison
    scenario : str, optional
        The alternative; by default the second scenario.
    reps : int
        Replications to play, with the seeds and futures of the comparison's first ones: eight runs each.
    workers : int
        Processes.
    play : callable, optional
        Instead of :func:`parksim.experiment.run.run`.

    Returns
    -------
    BreakEven
    """
    other = scenario or comparison.names[1]
    return _solved(
        comparison,
        other,
        {
            effect: slope(comparison, effect, other, reps=reps, workers=workers, play=play)
            for effect in EFFECTS
        },
    )


def slope(
    comparison: Comparison,
    effect: Effect,
    scenario: str,
    *,
    reps: int = 2,
    workers: int = 1,
    play: Play | None = None,
) -> float:
    """Measure by paired runs what share of quits an alternative avoids for each unit of an effect.

    Returns
    -------
    float
        Mean over replications of ``(avoided at the end of the range - avoided at nil) / cut at the end``, where
        ``avoided = (T_A - T_B) / T_A`` with the turnover ``T``. To first order this is the
        difference of visits served, or of ties.
    """
    from parksim.experiment.comparison import replayed  # noqa: PLC0415  (comparison imports this module)

    path, most = f"parameters.staying.{effect}", allowed(comparison, effect)[1]
    if most <= 0:
        raise ParksimError(f"evidence leaves no range for {path}: nothing to interpolate over")
    shares = []
    for value in (NIL[effect], NIL[effect] - most):
        pair = replayed(
            comparison, {path: value}, [comparison.baseline, scenario], reps=reps, workers=workers, play=play
        )
        a, b = (values(pair, "turnover_annual", name) for name in (comparison.baseline, scenario))
        shares.append((a - b) / a)
    return float(np.nanmean(shares[1] - shares[0])) / most


def cost_per_retained_employee(comparison: Comparison, scenario: str | None = None) -> Ratio:
    """Return the discounted cost difference by the difference in employees retained.

    Costs are those of all payers over the run (``discounted_cost_<payer>``); retained is who of month 0 is still
    employed in the park at the end (``employees_retained``).

    Parameters
    ----------
    comparison : Comparison
    scenario : str, optional
        The alternative; by default the second scenario.

    Returns
    -------
    Ratio
        CNY an employee; nan with a reason where the interval of the difference in employees includes 0, or
        costs do not differ.
    """
    other = scenario or comparison.names[1]
    kept = [values(comparison, "employees_retained", name) for name in (comparison.baseline, other)]
    costs = [_discounted_cost(comparison, name) for name in (comparison.baseline, other)]
    if any(np.isnan(x).all() for x in (*kept, *costs)):
        return Ratio(math.nan, math.nan, math.nan, "old")
    more, dearer = kept[1] - kept[0], costs[1] - costs[0]
    both = np.isfinite(more) & np.isfinite(dearer)
    more, dearer = more[both], dearer[both]
    if more.size < 2:
        return Ratio(math.nan, math.nan, math.nan, "one_run")
    if includes_nil(dearer):
        return Ratio(math.nan, math.nan, math.nan, "no_cost")
    if includes_nil(more):
        return Ratio(math.nan, math.nan, math.nan, "unclear")
    return Ratio(float(dearer.mean() / more.mean()), *fieller(dearer, more))


def allowed(comparison: Comparison, effect: Effect) -> tuple[float, float]:
    """Return the range of cuts of quits that evidence allows for an effect, least first."""
    path = f"parameters.staying.{effect}"
    own = comparison.scenarios[0].sources.get(path)
    if own is not None and own.range is not None:
        ends = own.range
    else:
        row = next(row for row in parameters.table() if row["path"] == path)
        ends = (row["low"], row["high"])
    low, high = sorted(NIL[effect] - end for end in ends)
    return round(float(low), 12), round(float(high), 12)


def plain(result: BreakEven | Ratio) -> dict[str, Any]:
    """Return a result as JSON holds it; what is not available is None."""
    return {name: _json(value) for name, value in asdict(result).items()}


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return statistics.finite(value) if isinstance(value, float) else value


# --- parts ---------------------------------------------------------------------------------------


def _solved(comparison: Comparison, other: str, slopes: dict[Effect, float]) -> BreakEven:
    base = comparison.baseline
    cost = _parameter(comparison, "economics.pay_month") * _parameter(
        comparison, "economics.replacement_months"
    )
    extra = _yearly_cost(comparison, other) - _yearly_cost(comparison, base)
    turnover, then = (values(comparison, "turnover_annual", name) for name in (base, other))
    quits = turnover * values(comparison, "employees", base)
    with np.errstate(invalid="ignore", divide="ignore"):
        needed = np.where(quits > 0, extra / (cost * quits), np.nan)
        found = np.where(turnover > 0, (turnover - then) / turnover, np.nan)
    known = statistics.estimate(found)
    reason = _no_reason(comparison, extra, quits)
    effects = tuple(
        _strength(comparison, other, effect, needed - found, slopes, reason) for effect in EFFECTS
    )
    return BreakEven(
        other,
        _mean(extra),
        _mean(cost),
        _mean(quits),
        _mean(needed),
        known.mean,
        (known.low, known.high),
        effects,
        reason,
    )


def _no_reason(comparison: Comparison, extra: Floats, quits: Floats) -> Reason:
    """Return why no effect can be told of, or nothing."""
    if np.isnan(quits).all():
        return "short" if comparison.months < 12 else "old"
    if not np.nanmean(quits):
        return "nobody"
    if np.isnan(extra).all():
        return "old"
    if includes_nil(extra):
        return "no_cost"
    return "saves" if np.nanmean(extra) < 0 else ""


def _strength(
    comparison: Comparison,
    other: str,
    effect: Effect,
    missing: Floats,
    slopes: dict[Effect, float],
    reason: Reason,
) -> Strength:
    """Solve for one effect; `missing` is the share of quits still to be avoided, a value a replication."""
    through = EFFECTS[effect]
    a, b = (values(comparison, through, name) for name in (comparison.baseline, other))
    change = b - a
    drawn = NIL[effect] - _parameter(comparison, f"staying.{effect}")
    limits = allowed(comparison, effect)
    found = change[np.isfinite(change)]
    if not reason:
        if not found.size:
            reason = "old"
        elif effect not in slopes and includes_nil(found):
            reason = "unchanged"
        elif slopes.get(effect, float(found.mean())) <= 0:
            reason = "fewer"
    if reason:
        return Strength(effect, _mean(change), math.nan, (math.nan, math.nan), limits, reason)
    by = np.where(np.isfinite(change), slopes.get(effect, _mean(change)), np.nan)
    # what the drawn effect did is in the runs: the whole effect has to do that and what is missing
    wanted = missing + _avoided(effect, drawn, by)
    cuts = np.array([_cut(effect, w, s) for w, s in zip(wanted, by, strict=True)])
    known = cuts[np.isfinite(cuts)]
    spread = np.quantile(known, [0.05, 0.95]) if known.size else (math.nan, math.nan)
    middle = _cut(effect, _mean(wanted), _mean(by))
    return Strength(effect, _mean(change), middle, (float(spread[0]), float(spread[1])), limits)


def _avoided(effect: Effect, cut: Floats, change: Floats) -> Floats:
    """Return the share of quits avoided by an effect: of services, or of so many more ties."""
    if effect == "services":
        return np.asarray(cut * change)
    return np.asarray(1 - (1 - np.minimum(cut, 1)) ** change)


def _cut(effect: Effect, avoided: float, change: float) -> float:
    """Return the strength at which an effect avoids this share of quits; above 1 where none can."""
    if math.isnan(avoided) or math.isnan(change):
        return math.nan
    if effect == "services":
        return avoided / change
    return math.inf if avoided >= 1 else 1 - (1 - avoided) ** (1 / change)


def _yearly_cost(comparison: Comparison, name: str) -> Floats:
    """Return running cost and the annuity of what was built, CNY a year."""
    from parksim.accounts import DISCOUNT_YEAR as rate  # noqa: N811, PLC0415  (imports the model)

    life = _parameter(comparison, "economics.lifetime_years")
    annuity = np.log1p(rate) / (1 - (1 + rate) ** -life)
    once, running = (values(comparison, what, name) for what in ("capex_cny", "opex_cny_year"))
    return np.asarray(once * annuity + running)


def _discounted_cost(comparison: Comparison, name: str) -> Floats:
    parts = [values(comparison, f"discounted_cost_{payer}", name) for payer in PAYERS]
    return np.asarray(np.sum(parts, axis=0))


def values(comparison: Comparison, indicator: str, name: str) -> Floats:
    """Return an indicator of a scenario, a value a replication; nan where the runs do not have it."""
    if indicator not in comparison.indicators:
        return np.full(comparison.reps, np.nan)
    return comparison.of(indicator, name).to_numpy(dtype=np.float64)


def _parameter(comparison: Comparison, name: str) -> Floats:
    """Return a parameter as it was in each replication."""
    path = f"parameters.{name}"
    if path in comparison.futures.columns:
        return comparison.futures[path].to_numpy(dtype=np.float64)
    return np.full(comparison.reps, float(paths.get(comparison.scenarios[0], path)))


def includes_nil(differences: Floats) -> bool:
    """Say whether a mean difference may be 0: its 95 % interval includes it, or it is 0."""
    known = statistics.estimate(differences)
    if math.isnan(known.low):
        return not known.mean
    return known.low <= 0 <= known.high


def fieller(top: Floats, bottom: Floats) -> tuple[float, float]:
    """Return the 95 % interval of mean(top) / mean(bottom) by Fieller 1954; `bottom` is away from 0."""
    from scipy.special import stdtrit  # noqa: PLC0415  (scipy is slow to import)

    n = top.size
    t2 = float(stdtrit(n - 1, 0.5 + statistics.CONFIDENCE / 2)) ** 2
    (vt, vc), (_, vb) = np.cov(top, bottom) / n
    a, b = float(top.mean()), float(bottom.mean())
    p, q, r = b * b - t2 * vb, a * b - t2 * vc, a * a - t2 * vt
    half = math.sqrt(max(q * q - p * r, 0.0))
    low, high = sorted(((q - half) / p, (q + half) / p))
    return low, high


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else math.nan
