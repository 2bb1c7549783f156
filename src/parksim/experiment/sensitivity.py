"""Which assumptions move the result, on levels and on paired differences; and where a conclusion flips.

Indices come from SALib. The box in which a conclusion flips is found by patient rule induction (Friedman and
Fisher 1999, "Bump hunting in high-dimensional data", Statistics and Computing 9), written here because the
one light package (PRIM) is under the GPL and the workbench that contains another brings thirty dependencies.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom, norm, spearmanr

from parksim.errors import ParksimError
from parksim.experiment import design, statistics
from parksim.experiment.design import Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from parksim.experiment.design import Dimension
    from parksim.store import Store

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MAIN_COLUMN = {"sobol": "ST", "morris": "mu_star", "lhs": "rho"}
_PEEL = 0.1
_FEWEST_FLIPS = 10
_MOST_RULES = 3
_SEED = 1  # of SALib's bootstrap: the same table for the same store


@dataclass(frozen=True)
class Sensitivity:
    """Sensitivity indices of one indicator.

    Attributes
    ----------
    experiment, indicator, kind : str
        What was analysed, and by which design (``sobol``, ``morris``, ``lhs``).
    table : DataFrame
        Columns ``of`` (a scenario, or ``other - baseline``), ``path`` and the indices with the half widths
        of their 95 % intervals: ``S1, S1_conf, ST, ST_conf`` (sobol), ``mu, mu_star, mu_star_conf, sigma``
        (morris), or Spearman's ``rho, rho_conf`` with ``p`` corrected for looking at many paths (lhs: with
        fewer points than a hundred paths need, indices of variance are mostly noise, rank correlations
        are not). They are of the means over replications.
    noise : DataFrame
        Index ``of``; shares of the variance of single runs that lie between design points, between
        replications (luck and drawn parameters that all points share, which the indices do not see), and in
        their interaction; and ``noise``, the share of the interaction in the variance of the means
        analysed: how much of the indices is replication noise. nan with one replication.
    """

    experiment: str
    indicator: str
    kind: str
    table: pd.DataFrame = field(repr=False)
    noise: pd.DataFrame = field(repr=False)

    @property
    def main(self) -> str:
        """Column by which paths are ranked."""
        return MAIN_COLUMN[self.kind]

    def ranked(self, of: str) -> pd.DataFrame:
        """Return the indices of one scenario or difference, the strongest path first."""
        rows = self.table[self.table["of"] == of].drop(columns="of")
        return rows.sort_values(self.main, ascending=False, key=np.abs).reset_index(drop=True)

    def plot(
        self,
        of: str | None = None,
        ax: Axes | None = None,
        *,
        most: int = 12,
        lang: str = "en",
        titles: Mapping[str, str] | None = None,
    ) -> Axes:
        """Draw the strongest paths as bars with their intervals.

        Parameters
        ----------
        of : str, optional
            Which scenario or difference; by default the last difference.
        ax : matplotlib Axes, optional
            Where; by default a new figure.
        most : int
            How many paths.
        lang : str
            Language of the labels.
        titles : mapping, optional
            What the scenarios are called; by default their names.
        """
        from parksim.report.doubts import of_whom  # noqa: PLC0415  (words are only read where something is said)
        from parksim.report.figures import strongest  # noqa: PLC0415  (imports matplotlib)

        what = of or str(self.table["of"].iloc[-1])
        axes: Axes = strongest(
            self.ranked(what).head(most),
            self.main,
            ax=ax,
            lang=lang,
            indicator=self.indicator,
            title=of_whom(what, titles or {}),
        )
        return axes


@dataclass(frozen=True, slots=True)
class Rule:
    """One side of a box: a path and the values within which it lies."""

    path: str
    low: float
    high: float

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"{self.path} < {self.high:.4g}"
        if math.isinf(self.high):
            return f"{self.path} > {self.low:.4g}"
        return f"{self.low:.4g} < {self.path} < {self.high:.4g}"


@dataclass(frozen=True, slots=True)
class Robustness:
    """In which futures a conclusion holds.

    Attributes
    ----------
    indicator, difference : str
        What the conclusion is about.
    sign : int
        The conclusion: 1, the alternative has more; -1, it has less; 0, nothing to hold.
    futures : int
        Replications at all design points with a value in both scenarios.
    holds, flips : float
        Share of them with this sign, and with the other; in the rest there is no difference at all.
    rules : list of Rule
        Box in which it flips, as far as one was found.
    flips_inside, flips_covered : float
        Share of the box's futures that flip, and share of all that flip which lie in it; both counted in
        futures that were not used to find the box.
    """

    indicator: str
    difference: str
    sign: int
    futures: int
    holds: float
    flips: float
    rules: list[Rule]
    flips_inside: float
    flips_covered: float

    def __str__(self) -> str:
        from parksim.report import doubts  # noqa: PLC0415  (words are only read where something is said)
        from parksim.report.messages import Messages  # noqa: PLC0415

        return doubts.conclusion(self, Messages("en"))


def sensitivity(store: Store, experiment: str | int, indicator: str) -> Sensitivity:
    """Analyse one indicator of a stored experiment, on levels and on paired differences.

    Parameters
    ----------
    store : Store
        Where the runs are.
    experiment : str or int
        Name or number of an experiment with a ``sobol``, ``morris`` or ``lhs`` design.
    indicator : str
        Which.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ParksimError
        For other designs, or where a design point has no value in any replication.
    """
    try:
        from SALib.analyze import morris, sobol  # noqa: PLC0415
    except ImportError as error:
        raise ParksimError("for sensitivity, pip install 'parksim[sensitivity]'") from error
    said, dimensions = _stored_design(store, experiment)
    kind = said.design.kind
    cube = design.sample(said.design, dimensions)
    about = design.salib_problem(dimensions)
    tables, noise = [], []
    for name, frame in _levels_and_differences(store, experiment, indicator).items():
        y = _complete(frame, len(cube), name, indicator)
        if np.ptp(y) == 0:
            found: dict[str, Any] = {}
        elif kind == "sobol":
            second = said.design.second_order
            found = sobol.analyze(about, y, calc_second_order=second, seed=_SEED)
        elif kind == "morris":
            found = morris.analyze(about, cube, y, num_levels=said.design.levels, seed=_SEED)
        else:
            found = _rank_correlations(cube, y)
        table = pd.DataFrame({"of": name, "path": about["names"]})
        for column in _COLUMNS[kind]:
            table[column] = np.asarray(found[column], dtype=np.float64) if found else 0.0
        tables.append(table)
        noise.append({"of": name, **_shares(frame)})
    return Sensitivity(
        experiment=said.name,
        indicator=indicator,
        kind=kind,
        table=pd.concat(tables, ignore_index=True),
        noise=pd.DataFrame(noise).set_index("of"),
    )


_COLUMNS = {
    "sobol": ("S1", "S1_conf", "ST", "ST_conf"),
    "morris": ("mu", "mu_star", "mu_star_conf", "sigma"),
    "lhs": ("rho", "rho_conf", "p"),
}


def robustness(store: Store, experiment: str | int, indicator: str) -> list[Robustness]:
    """Say for each alternative in which share of the sampled futures its mean difference keeps its sign.

    Parameters
    ----------
    store, experiment, indicator
        As for :func:`sensitivity`; any design, as what is drawn in each replication counts too.

    Returns
    -------
    list of Robustness
        One an alternative.
    """
    values = store.parameters(experiment)
    numbers = values.apply(pd.to_numeric, errors="coerce").dropna(axis="columns")
    varied = numbers.loc[:, numbers.max() > numbers.min()].astype(np.float64)
    out = []
    for name, frame in _differences(store, experiment, indicator).items():
        d = frame.stack(future_stack=True).dropna()  # noqa: PD013  (a Series by (point, replication))
        x = varied.reindex(d.index)
        out.append(flips(x.to_numpy(), d.to_numpy(), list(varied.columns), indicator, name))
    return out


def flips(
    x: Floats, d: Floats, paths: Sequence[str], indicator: str = "", difference: str = ""
) -> Robustness:
    """Find where differences lose the sign of their mean.

    Parameters
    ----------
    x : array of float, futures × paths
        What was varied.
    d : array of float
        Difference in each future.
    paths : sequence of str
        Names of the columns of `x`.
    indicator, difference : str
        For the statement.

    Returns
    -------
    Robustness
        With the box found in every other future and judged in those between.
    """
    sign = int(np.sign(d.mean())) if d.size else 0
    flipped = d * sign < 0
    holds = float((d * sign > 0).mean()) if d.size else math.nan
    against = float(flipped.mean()) if d.size else math.nan
    rules: list[Rule] = []
    inside_share, covered = math.nan, math.nan
    if sign and flipped[::2].sum() >= _FEWEST_FLIPS and x.shape[1]:
        rules = _peel(x[::2], flipped[::2], paths)
        inside, rest = _inside(x[1::2], rules, paths), flipped[1::2]
        if rules and inside.any() and rest.any():
            inside_share, covered = float(rest[inside].mean()), float(inside[rest].mean())
        if not inside_share > rest.mean():  # what does not hold in fresh futures is no rule
            rules, inside_share, covered = [], math.nan, math.nan
    return Robustness(indicator, difference, sign, int(d.size), holds, against, rules, inside_share, covered)


# --- parts ---------------------------------------------------------------------------------------


def _stored_design(store: Store, experiment: str | int) -> tuple[Experiment, tuple[Dimension, ...]]:
    """Return the design of a stored experiment, from what the store keeps of it."""
    spec, scenarios = store.spec(experiment)
    said = json.loads(spec)
    said.pop("model", None)
    if "design" not in said:
        raise ParksimError(f"'{experiment}' is a comparison: a sensitivity needs an experiment with a design")
    read = Experiment.model_validate(said)
    if read.design.kind not in MAIN_COLUMN:
        kinds = ", ".join(MAIN_COLUMN)
        raise ParksimError(
            f"'{experiment}' has a {read.design.kind} design: sensitivities need one of {kinds}"
        )
    resolved = design.resolve(read, scenarios)
    stored = store.points(experiment).to_dict("records")
    if json.loads(json.dumps(resolved.points)) != stored:
        raise ParksimError(f"the points of '{experiment}' were made by another release: sweep it again")
    return read, resolved.dimensions


def _levels_and_differences(store: Store, experiment: str | int, indicator: str) -> dict[str, pd.DataFrame]:
    frame = store.indicators(experiment, indicator)
    levels = {
        str(name): part.pivot(index="point", columns="replication", values="value")  # noqa: PD010
        for name, part in frame.groupby("scenario", sort=False)
    }
    return levels | _between(levels)


def _differences(store: Store, experiment: str | int, indicator: str) -> dict[str, pd.DataFrame]:
    levels = _levels_and_differences(store, experiment, indicator)
    return {name: frame for name, frame in levels.items() if " - " in name}


def _between(levels: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    base, *others = levels
    return {f"{other} - {base}": levels[other] - levels[base] for other in others}


def _complete(frame: pd.DataFrame, count: int, name: str, indicator: str) -> Floats:
    means = frame.reindex(range(count)).mean(axis="columns")
    missing = int(means.isna().sum())
    if missing:
        raise ParksimError(
            f"{indicator} of {name} has no value at {missing} of {count} design points: finish the sweep, or "
            "choose an indicator that is available in every run"
        )
    return means.to_numpy(np.float64)


def _rank_correlations(cube: Floats, y: Floats) -> dict[str, Floats]:
    """Spearman's correlation of each column with `y`; half widths by Fisher's transformation, p by Holm."""
    found = [spearmanr(column, y) for column in cube.T]
    rho = np.array([one.statistic for one in found], dtype=np.float64)
    half = norm.ppf((1 + statistics.CONFIDENCE) / 2) * np.sqrt(1.06 / max(len(y) - 3, 1))
    middle = np.arctanh(np.clip(rho, -0.999999, 0.999999))
    spread = (np.tanh(middle + half) - np.tanh(middle - half)) / 2
    return {"rho": rho, "rho_conf": spread, "p": statistics.holm([one.pvalue for one in found])}


def _shares(frame: pd.DataFrame) -> dict[str, float]:
    """Split the variance of single runs into design points, replications and their interaction."""
    y = frame.dropna(axis="columns").to_numpy(np.float64)
    points, replications = y.shape if y.size else (len(frame), 0)
    nothing = dict.fromkeys(("points", "replications", "interaction", "noise"), math.nan)
    if replications < 2 or points < 2:
        return {"n_replications": replications, **nothing}
    rows, columns = y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
    rest = y - rows - columns + y.mean()
    interaction = float((rest**2).sum() / ((points - 1) * (replications - 1)))
    of_means = float(rows.var(ddof=1))
    between_points = max(of_means - interaction / replications, 0.0)
    between_replications = max(float(columns.var(ddof=1)) - interaction / points, 0.0)
    total = between_points + between_replications + interaction
    if total == 0:
        return {"n_replications": replications, **dict.fromkeys(nothing, 0.0)}
    return {
        "n_replications": replications,
        "points": between_points / total,
        "replications": between_replications / total,
        "interaction": interaction / total,
        "noise": min(interaction / replications / of_means, 1.0) if of_means > 0 else math.nan,
    }


def _peel(x: Floats, y: Bools, paths: Sequence[str]) -> list[Rule]:
    """Shrink a box, a tenth of its futures at a time, towards those that flip; keep the sides that matter."""
    fewest = max(_FEWEST_FLIPS, int(0.02 * y.size))
    limits = {at: [-math.inf, math.inf] for at in range(x.shape[1])}
    best, best_score = {at: list(ends) for at, ends in limits.items()}, _score(np.ones_like(y), y)
    inside = np.ones_like(y)
    while inside.sum() > fewest and not y[inside].all():
        options = [
            (y[kept].mean(), -int(kept.sum()), at, end, cut, kept)
            for at in limits
            for end, cut, kept in _cuts(x[:, at], inside)
            if kept.sum() >= fewest
        ]
        if not options:
            break
        _, _, at, end, cut, inside = max(options, key=lambda option: option[:4])
        limits[at][end] = cut
        if (score := _score(inside, y)) > best_score:
            best, best_score = {at: list(ends) for at, ends in limits.items()}, score
    rules = [Rule(paths[at], *ends) for at, ends in best.items() if ends != [-math.inf, math.inf]]
    return _pruned(x, y, rules, paths)


def _cuts(column: Floats, inside: Bools) -> list[tuple[int, float, Bools]]:
    """Ways to take a tenth off a box at either end of one column: end, new limit, what stays."""
    values = column[inside]
    low, high = np.quantile(values, [_PEEL, 1 - _PEEL])
    if low == values.min():  # a few discrete values: take the lowest, or the highest, whole
        above = values[values > low]
        low = float((low + above.min()) / 2) if above.size else math.nan
    if high == values.max():
        below = values[values < high]
        high = float((high + below.max()) / 2) if below.size else math.nan
    cuts = [(0, float(low), inside & (column > low)), (1, float(high), inside & (column < high))]
    return [cut for cut in cuts if not math.isnan(cut[1]) and cut[2].sum() < inside.sum()]


def _score(inside: Bools, y: Bools) -> float:
    """Weigh how many of a box flip against how many of what flips it holds (their harmonic mean)."""
    hits = float((inside & y).sum())
    return 2 * hits / float(inside.sum() + y.sum()) if hits else 0.0


def _pruned(x: Floats, y: Bools, rules: list[Rule], paths: Sequence[str]) -> list[Rule]:
    """Leave out sides that could be chance: those whose box without them flips about as often."""

    def chance(rule: Rule, among: list[Rule]) -> float:
        inside = _inside(x, among, paths)
        wider = _inside(x, [other for other in among if other is not rule], paths)
        hits, count = int((inside & y).sum()), int(inside.sum())
        return float(binom.sf(hits - 1, count, y[wider].mean()))

    while rules:
        odds = [chance(rule, rules) for rule in rules]
        worst = int(np.argmax(odds))
        if odds[worst] <= 1 - statistics.CONFIDENCE and len(rules) <= _MOST_RULES:
            break
        rules = rules[:worst] + rules[worst + 1 :]
    return rules


def _inside(x: Floats, rules: Sequence[Rule], paths: Sequence[str]) -> Bools:
    inside = np.ones(len(x), dtype=bool)
    for rule in rules:
        column = x[:, list(paths).index(rule.path)]
        inside &= (column > rule.low) & (column < rule.high)
    return inside
