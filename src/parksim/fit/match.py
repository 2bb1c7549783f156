"""History matching: rule out what cannot be, run again where it still can, and end with ranges.

A first design covers the ranges. Emulators of the targets tell where in the ranges a run could still look like the
observations (implausibility below three standard deviations of observation, emulator and luck together [1]_);
the next wave of runs goes there, and so on. In the end points are weighed by how likely the observations are at
them, which gives intervals rather than a point, and says which parameters the observations cannot identify.

References
----------
.. [1] Vernon, I., Goldstein, M., Bower, R. (2010). Galaxy formation: a Bayesian uncertainty analysis. Bayesian
   Analysis 5(4), 619-669. The limit of 3 is Pukelsheim's three-sigma rule for any unimodal distribution.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import qmc

from parksim.cores import usable_cores
from parksim.errors import nearest
from parksim.experiment.runner import outcomes
from parksim.experiment.work import Cell, Job, Member, Task, replication_seed, run_key
from parksim.fit.emulator import Emulators
from parksim.fit.targets import FitError
from parksim.importers.features import need
from parksim.packing import unpack_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from parksim.experiment.work import Outcome, Play
    from parksim.fit.targets import Moved, Target, Wanted
    from parksim.scenario.schema import Scenario
    from parksim.store import Store

Floats = npt.NDArray[np.float64]

LIMIT = 3.0
CANDIDATES = 2**13
RUNS_A_PARAMETER = 12
CHECK_RUNS = 12
UNIDENTIFIED = 0.75
"""Width of the 90 % interval, as a share of what the range alone gives, from which nothing was learnt."""
TOGETHER = 0.8
"""Correlation from which two parameters are known only together."""
MOST_FAILED = 0.2


@dataclass
class Fit:
    """What a calibration found.

    Attributes
    ----------
    parameters : DataFrame
        By path: ``low, high`` (range before), ``q05, median, q95`` (after), ``kept`` (width after / before),
        ``identified``.
    targets : DataFrame
        By target: ``value, error, held, simulated, q05, q95`` (of check runs drawn from the result), ``away``
        (difference in standard deviations).
    together : list of (str, str, float)
        Pairs of parameters that are known only together, with their correlation.
    samples : DataFrame
        Draws from the result, one column a parameter.
    runs, known, failed : int
        Runs used, those of them that the store held already, and those that failed.
    plausible : list of float
        Share of the ranges that was still plausible after each wave.
    notes : list of str
    """

    parameters: pd.DataFrame
    targets: pd.DataFrame
    together: list[tuple[str, str, float]]
    samples: pd.DataFrame
    runs: int = 0
    known: int = 0
    failed: int = 0
    plausible: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def snippet(self, source: str, source_zh: str = "") -> str:
        """Write the result as sections of a scenario: medians, and ranges with their source, also in Chinese."""
        import yaml  # noqa: PLC0415

        values = {p: float(f"{row.median_:.4g}") for p, row in self._rows()}
        lines = ["# Fitted values; put them into the scenario's own sections.", "values:"]
        lines += [f"  {path}: {value:g}" for path, value in values.items()]
        lines.append("sources:")
        for path, row in self._rows():
            en, zh = ("", "") if row.identified else (": not identified", "；未能识别")
            told = {
                "grade": "B" if row.identified else "assumed",
                "source": source + en,
                **({"source_zh": source_zh + zh} if source_zh else {}),
                "range": [float(f"{row.q05:.4g}"), float(f"{row.q95:.4g}")],
            }
            body = yaml.safe_dump(
                told, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True
            ).strip()
            lines.append(f"  {path}: {body}")
        return "\n".join(lines) + "\n"

    def _rows(self) -> Any:
        frame = self.parameters.rename(columns={"median": "median_"})
        return [(str(row.Index), row) for row in frame.itertuples()]


def fit(
    scenario: Scenario,
    wanted: Wanted,
    store: Store,
    *,
    seed: int = 1,
    waves: int = 3,
    workers: int | None = None,
    name: str = "fit",
    play: Play | None = None,
    progress: Callable[[str], None] | None = None,
) -> Fit:
    """Calibrate a scenario's parameters to observations.

    Every run goes to the store; the same call goes on where an earlier one was stopped.

    Parameters
    ----------
    scenario : Scenario
    wanted : Wanted
        Targets, parameters with their ranges, months a run.
    store : Store
    seed : int
    waves : int
        Rounds of runs, the first design included.
    workers : int, optional
        Processes; by default one a usable core.
    name : str
        Name of the experiment in the store.
    play : callable, optional
        Instead of the model.
    progress : callable, optional
        Told a line now and then.

    Returns
    -------
    Fit

    Raises
    ------
    FitError
        Where too many runs fail, a target is never there, or nothing is plausible.
    """
    need("fit", "sklearn")
    history = _History(scenario, wanted, store, seed, workers or usable_cores(), name, play)
    say = progress or (lambda _: None)
    dimensions = len(wanted.parameters)
    size = max(RUNS_A_PARAMETER * dimensions, 30)
    use = [k for k, target in enumerate(wanted.targets) if not target.hold]
    if not use:
        raise FitError("every target is held out: none is left to fit")
    observed = [(target.value, target.error) for target in wanted.targets]
    history.run(qmc.LatinHypercube(dimensions, seed=seed).random(size))
    say(f"wave 1 of {waves}: {len(history.points)} runs")
    plausible: list[float] = []
    rng = np.random.default_rng(seed)
    for wave in range(1, waves):
        emulators = Emulators(history.points, history.figures)
        candidates, share = _plausible(emulators, observed, use, dimensions, rng)
        plausible.append(share)
        history.run(_spread(candidates, history.points, size, rng))
        say(
            f"wave {wave + 1} of {waves}: {len(history.points)} runs; {share:.1%} of the ranges was plausible"
        )
    emulators = Emulators(history.points, history.figures)
    draws = _draws(emulators, observed, use, dimensions, rng)
    plausible.append(_plausible(emulators, observed, use, dimensions, rng)[1])
    first = len(history.points)
    history.run(draws[rng.choice(len(draws), CHECK_RUNS, replace=False)])
    if len(history.points) == first:
        raise FitError(f"all {CHECK_RUNS} runs to check the result failed; the last: {history.why}")
    say(f"checked with {len(history.points) - first} runs drawn from the result")
    return _result(wanted, draws, history, first, plausible)


class _History:
    """Runs made so far: points in the unit cube and the values of all targets there."""

    def __init__(
        self,
        scenario: Scenario,
        wanted: Wanted,
        store: Store,
        seed: int,
        workers: int,
        name: str,
        play: Play | None,
    ) -> None:
        self.member, self.wanted, self.store, self.seed = Member.of(scenario), wanted, store, seed
        self.workers, self.play = workers, play
        self.points: Floats = np.empty((0, len(wanted.parameters)))
        self.figures: Floats = np.empty((0, len(wanted.targets)))
        self.made = self.known = self.failed = 0
        self.why = ""
        self.keys: list[str] = []
        spec = {
            "fit": [[m.path, m.low, m.high] for m in wanted.parameters],
            "targets": [[t.label, t.value, t.error, t.hold] for t in wanted.targets],
        }
        self.experiment = store.begin(name, spec, seed, wanted.months, [self.member])

    def run(self, cube: Floats) -> None:
        """Play points of the unit cube, each with its own luck, unless the store holds them."""
        moved, months = self.wanted.parameters, self.wanted.months
        tasks: dict[str, tuple[Task, Job, Cell, int]] = {}
        order: list[str] = []
        settings: dict[int, dict[str, Any]] = {}
        for row, point in enumerate(cube):
            number = self.made + row
            changes = {m.path: m.at(float(u)) for m, u in zip(moved, point, strict=True)}
            luck = replication_seed(self.seed, number)
            key = run_key(self.member, changes, luck, months)
            job = Job(key, self.member, changes)
            tasks[key] = (Task(luck, months, (job,)), job, Cell(number, number, 0, luck, key), row)
            order.append(key)
            settings[number] = changes
        self.made += len(cube)
        self.store.add_points(self.experiment, settings)
        known = [key for key, status in self.store.known(order).items() if status == "done"]
        found: dict[str, list[float]] = {key: self._read(self.store.outcome(key)) for key in known}
        self.known += len(known)
        self.store.link(self.experiment, [tasks[key][2] for key in known])
        todo = [tasks[key] for key in order if key not in found]
        results = outcomes((task for task, *_ in todo), workers=self.workers, play=self.play)
        with contextlib.closing(results):
            for group in results:
                self.store.record(
                    self.experiment,
                    [(tasks[o.key][0], tasks[o.key][1], o) for o in group],
                    [tasks[o.key][2] for o in group],
                )
                for outcome in group:
                    if outcome.failed:
                        self.failed += 1
                        self.why = (
                            outcome.traceback.strip().splitlines()[-1]
                            if outcome.traceback
                            else "no reason told"
                        )
                    else:
                        found[outcome.key] = self._read(outcome)
        good = self.keys = [key for key in order if key in found]
        if self.failed > MOST_FAILED * self.made:
            raise FitError(f"{self.failed} of {self.made} runs failed; the last: {self.why}")
        # What was really played stands at the rounded values.
        self.points = np.vstack([self.points, *(self._unit(tasks[key][1].changes) for key in good)])
        self.figures = np.vstack([self.figures, *(np.array(found[key]) for key in good)])
        for column, target in zip(self.figures.T, self.wanted.targets, strict=True):
            if np.isfinite(column).sum() < 0.7 * len(column):
                raise FitError(
                    f"target {target.label} is n/a in most runs of {months} months: {self._hint(target)}"
                )

    def _hint(self, target: Target) -> str:
        """Say what the runs have instead of a target."""
        if not target.group:
            return "play more months"
        outcome = next(self.store.outcome(key) for key in self.keys)
        groups = (
            unpack_groups(outcome.packed)
            if outcome.packed is not None
            else pd.DataFrame(columns=["indicator", "group"])
        )
        measured = sorted(set(groups["indicator"]))
        if target.indicator not in measured:
            return f"by group there are {', '.join(measured)}"
        return "in that group is nobody" + nearest(target.group, set(groups["group"]))

    def _unit(self, changes: Any) -> Floats:
        return np.array([(float(changes[m.path]) - m.low) / (m.high - m.low) for m in self.wanted.parameters])

    def _read(self, outcome: Outcome) -> list[float]:
        return [target.of(outcome) for target in self.wanted.targets]


def _plausible(
    emulators: Emulators,
    observed: list[tuple[float, float]],
    use: list[int],
    dimensions: int,
    rng: np.random.Generator,
) -> tuple[Floats, float]:
    """Return points that are not ruled out, and which share of the ranges they are.

    Where hardly any is left, the limit is raised until some are: then the observations disagree with each
    other or with the model, and the result says so by its distances.
    """
    cube = qmc.Sobol(dimensions, seed=rng).random(CANDIDATES)
    far = emulators.distance(cube, observed, use)[0].max(axis=1)
    share = float((far < LIMIT).mean())
    kept = cube[far < LIMIT]
    if len(kept) < 200:
        best = cube[np.argsort(far)[:200]]
        near = np.clip(
            best[rng.integers(200, size=CANDIDATES)] + rng.normal(0, 0.03, (CANDIDATES, dimensions)), 0, 1
        )
        far = emulators.distance(near, observed, use)[0].max(axis=1)
        limit = max(LIMIT, float(np.quantile(far, 0.05)))
        kept = np.vstack([kept, near[far <= limit]])
    return kept, share


def _spread(candidates: Floats, taken: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Choose points far from each other and from those that were run."""
    pool = candidates[rng.permutation(len(candidates))[:1500]]
    nearest = np.min(((pool[:, None, :] - taken[None, :, :]) ** 2).sum(axis=2), axis=1)
    chosen = []
    for _ in range(min(count, len(pool))):
        best = int(np.argmax(nearest))
        chosen.append(pool[best])
        nearest = np.minimum(nearest, ((pool - pool[best]) ** 2).sum(axis=1))
    return np.array(chosen)


def _draws(
    emulators: Emulators,
    observed: list[tuple[float, float]],
    use: list[int],
    dimensions: int,
    rng: np.random.Generator,
) -> Floats:
    """Draw from the ranges weighed by the likelihood of the observations (population Monte Carlo).

    A first cloud is uniform; each further one is drawn around the likely points of the one before, and weighed by
    likelihood over the density it was drawn with.
    """
    cloud = qmc.Sobol(dimensions, seed=rng).random(CANDIDATES)
    weight = _weights(emulators.distance(cloud, observed, use)[1])
    for _ in range(4):
        centres = cloud[rng.choice(len(cloud), 300, p=weight)]
        spread = (
            np.sqrt(np.maximum(np.average((cloud - weight @ cloud) ** 2, axis=0, weights=weight), 1e-6)) * 0.6
        )
        cloud = (
            centres[rng.integers(300, size=CANDIDATES // 2)]
            + rng.normal(size=(CANDIDATES // 2, dimensions)) * spread
        )
        cloud = cloud[((cloud >= 0) & (cloud <= 1)).all(axis=1)]
        density = np.exp(-0.5 * (((cloud[:, None, :] - centres[None, :, :]) / spread) ** 2).sum(axis=2)).mean(
            axis=1
        )
        log = emulators.distance(cloud, observed, use)[1] - np.log(np.maximum(density, 1e-300))
        weight = _weights(log)
    return cloud[rng.choice(len(cloud), 4000, p=weight)]


def _weights(log: Floats) -> Floats:
    weight: Floats = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def _result(wanted: Wanted, draws: Floats, history: _History, first: int, plausible: list[float]) -> Fit:
    moved, targets = wanted.parameters, wanted.targets
    rows = [_range_row(m, column) for m, column in zip(moved, draws.T, strict=True)]
    parameters = pd.DataFrame(rows, index=pd.Index([m.path for m in moved], name="parameter"))
    checks = history.figures[first:]
    compared = pd.DataFrame(
        [_target_row(t, column) for t, column in zip(targets, checks.T, strict=True)],
        index=pd.Index([t.label for t in targets], name="target"),
    )
    together = []
    if len(moved) > 1:
        correlation: Any = np.corrcoef(draws.T)
        together = [
            (moved[a].path, moved[b].path, float(correlation[a, b]))
            for a in range(len(moved))
            for b in range(a)
            if abs(correlation[a, b]) >= TOGETHER
        ]
    samples = pd.DataFrame(
        {m.path: m.low + column * (m.high - m.low) for m, column in zip(moved, draws.T, strict=True)}
    )
    found = Fit(
        parameters, compared, together, samples, len(history.points), history.known, history.failed, plausible
    )
    if history.failed:
        found.notes.append(f"{history.failed} runs failed and are left out; the last: {history.why}")
    off = compared[compared["away"].abs() > LIMIT]
    for label, row in off.iterrows():
        found.notes.append(
            f"{label}: observed {row['value']:g}, simulated {row['simulated']:g} after fitting: the model cannot reach "
            "it within these ranges"
        )
    for path, row in parameters[parameters["identified"]].iterrows():
        near = 0.02 * (row["high"] - row["low"])
        if (row["q05"] - row["low"] < near) != (row["high"] - row["q95"] < near):
            found.notes.append(f"{path} lies at an end of its range: is the range wide enough?")
    return found


def _range_row(moved: Moved, column: Floats) -> dict[str, Any]:
    q05, median, q95 = moved.low + np.quantile(column, [0.05, 0.5, 0.95]) * (moved.high - moved.low)
    kept = float((np.quantile(column, 0.95) - np.quantile(column, 0.05)) / 0.9)
    return {"low": moved.low, "high": moved.high, "q05": q05, "median": median, "q95": q95, "kept": kept,
            "identified": kept < UNIDENTIFIED}  # fmt: skip


def _target_row(target: Target, column: Floats) -> dict[str, Any]:
    good = column[np.isfinite(column)]
    q05, q95 = np.quantile(good, [0.05, 0.95]) if good.size else (np.nan, np.nan)
    mean = float(good.mean()) if good.size else np.nan
    spread = float(np.sqrt(target.error**2 + (good.var() if good.size else 0)))
    return {"value": target.value, "error": target.error, "held": target.hold, "simulated": mean, "q05": q05,
            "q95": q95, "away": (mean - target.value) / spread}  # fmt: skip
