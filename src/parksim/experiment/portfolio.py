"""Several parks and packages of measures under one budget: which to take, and how sure that is.

Every **candidate** is a package at a park, compared in pairs with the park as it is. Its **gain** is the difference of
one indicator, its **cost** the difference of the discounted cost that the payers of the budget bear. Indicators are
never added up to a score: each objective has its own ranks and its own best set.

How sure a choice is, is told twice: over **bootstrap** draws of the replications (would more runs change it?), and over
the **futures** themselves (would it be the choice if one knew the uncertain parameters?). Replication r has the same
luck and the same future in all candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, ValidationError, field_validator, model_validator

from parksim.chance import named_uniform
from parksim.errors import ParksimError, ScenarioError, nearest
from parksim.experiment import design, statistics
from parksim.experiment.breakeven import values
from parksim.experiment.comparison import compare
from parksim.experiment.knapsack import best_set, ranks
from parksim.scenario import document, faults
from parksim.scenario.parameters import Frozen
from parksim.scenario.read import load
from parksim.scenario.schema import PAYERS, Scenario
from parksim.scenario.terms import Name, Payer  # noqa: TC001  (pydantic reads them)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from parksim.experiment.comparison import Comparison
    from parksim.experiment.work import Play
    from parksim.scenario.document import Document
    from parksim.scenario.merge import Fault
    from parksim.store import Store

Floats = npt.NDArray[np.float64]
Choice = tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]
"""Ranks and best set, [candidate] each."""

DRAWS = 500


class Package(Frozen):
    """One candidate: a package of measures at a park."""

    name: Name
    title: str = ""
    title_zh: str = ""
    base: str
    """The park as it is: name or file of a scenario."""
    scenario: str | None = None
    """The park with the package: name or file of a scenario."""
    interventions: tuple[dict[str, Any], ...] = ()
    """Instead: measures added to the park, as in a scenario file."""
    park: str = ""
    """Packages of one park exclude each other; by default the base's family."""

    @model_validator(mode="after")
    def _one_way(self) -> Package:
        if (self.scenario is None) == (not self.interventions):
            raise ValueError("give either 'scenario' or 'interventions'")
        return self


class PortfolioFile(Frozen):
    """What a portfolio file says."""

    parksim: Literal[1]
    name: Name
    title: str = ""
    title_zh: str = ""
    summary: str = ""
    summary_zh: str = ""
    budget_cny: float = Field(ge=0)
    payers: tuple[Payer, ...] = Field(PAYERS, min_length=1)
    """Whose cost is paid from the budget."""
    objectives: tuple[str, ...] = Field(min_length=1)
    """Indicators with a better side; each ranks on its own."""
    candidates: tuple[Package, ...] = Field(min_length=1)
    months: int = Field(36, ge=1, le=1200)
    """Horizon of costs and gains."""
    replications: int = Field(8, ge=1, le=100_000)
    seed: int = Field(1, ge=0, le=2**62)
    fixed: bool = False

    @field_validator("candidates")
    @classmethod
    def _once(cls, value: tuple[Package, ...]) -> tuple[Package, ...]:
        names = [one.name for one in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(document.name_twice(name))
        return value


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package with its scenarios at hand."""

    name: str
    park: str
    base: Scenario = field(repr=False)
    scenario: Scenario = field(repr=False)


class Portfolio:
    """A portfolio file, ready to be played.

    Parameters
    ----------
    file : str or Path
        A portfolio file, or the name of one in the library of experiments.

    Attributes
    ----------
    said : PortfolioFile
    candidates : tuple of Candidate

    Raises
    ------
    ScenarioError
        Listing every fault of the file, with line and field.
    """

    def __init__(self, file: str | Path) -> None:
        self.said, found = read(file)
        problems = [
            design.problem(found, f"objectives.{number}", message)
            for number, name in enumerate(self.said.objectives)
            if (message := _no_objective(name))
        ]
        made: list[Candidate] = []
        for package in self.said.candidates:
            try:
                made.append(_candidate(package, found))
            except ScenarioError as error:
                problems += error.problems
        if problems:
            raise ScenarioError(problems)
        self.candidates = tuple(made)

    def runs(self, reps: int | None = None) -> int:
        """Return the number of runs: every park as it is, and every package, in each replication."""
        return (len(self.candidates) + len(self._by_base())) * (reps or self.said.replications)

    def play(
        self,
        *,
        reps: int | None = None,
        workers: int | None = None,
        store: Store | str | Path | None = None,
        executor: Executor | None = None,
        progress: Callable[[int, int], None] | None = None,
        play: Play | None = None,
    ) -> Ranked:
        """Play parks and packages in pairs.

        Parameters
        ----------
        reps : int, optional
            Instead of the file's.
        workers, store, executor, progress, play
            As for :func:`parksim.experiment.comparison.compare`; what a store holds is not played again.

        Raises
        ------
        ParksimError
            If every run of a candidate failed, or the runs do not have an objective.
        """
        said, count = self.said, reps or self.said.replications
        setting: dict[str, Any] = {
            "reps": count,
            "seed": said.seed,
            "months": said.months,
            "fixed": said.fixed,
        }
        options: dict[str, Any] = {"workers": workers, "store": store, "executor": executor, "play": play}
        compared: dict[str, Comparison] = {}
        before = 0
        for group in self._by_base():

            def tell(done: int, _all: int, before: int = before) -> None:
                if progress is not None:
                    progress(before + done, self.runs(count))

            scenarios = [group[0].base, *(one.scenario for one in group)]
            found = compare(scenarios, **setting, **options, progress=tell)
            compared |= {one.name: found for one in group}
            before += len(scenarios) * count
        return Ranked(said, self.candidates, count, compared)

    def _by_base(self) -> list[list[Candidate]]:
        by: dict[str, list[Candidate]] = {}
        for one in self.candidates:
            by.setdefault(one.base.content_hash, []).append(one)
        return list(by.values())


def read(file: str | Path) -> tuple[PortfolioFile, Document]:
    """Read a portfolio file.

    Raises
    ------
    ScenarioError
        Listing every fault, with file, line and field.
    """
    path, shown = design.locate(file)
    found = document.read(path, shown)
    problems = list(found.problems)
    try:
        said = PortfolioFile.model_validate(found.data)
    except ValidationError as error:
        problems += [
            design.problem(found, *_explain(each, found.data)) for each in error.errors(include_url=False)
        ]
        raise ScenarioError(problems) from None
    if problems:
        raise ScenarioError(problems)
    return said, found


def _explain(error: ErrorDetails, data: Mapping[str, Any]) -> Fault:
    """Say one of pydantic's errors in words, with the field it is about; items go by their names."""
    kind, said = error["type"], error["input"]
    field_, at = "", data
    for part in error["loc"]:
        try:
            at = at[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            at = {}
        named = isinstance(part, int) and isinstance(at, dict) and "name" in at
        field_ = document.joined(field_, at["name"] if named else part)
    last = str(error["loc"][-1]) if error["loc"] else ""
    if kind == "extra_forbidden":
        inside = len(error["loc"]) > 1
        valid = Package.model_fields if inside else PortfolioFile.model_fields
        return field_, f"unknown key '{last}'{nearest(last, valid)}"
    if kind == "missing":
        return field_, f"'{last}' is missing"
    if kind == "value_error":
        return field_, str(error.get("ctx", {}).get("error", error["msg"]))
    if kind == "literal_error" and "payers" in error["loc"]:
        return field_, f"no payer '{said}'{nearest(said, PAYERS)}"
    return field_, faults.explain(error, data, PortfolioFile)[1]


def _no_objective(name: str) -> str:
    """Say why an indicator is no objective; nothing where it is one."""
    from parksim.indicators import describe  # noqa: PLC0415  (imports the model)

    try:
        about = describe(name)
    except ParksimError as error:
        return str(error)
    return f"'{name}' has no better side: nothing can be ranked by it" if about.better == "none" else ""


def _candidate(package: Package, found: Document) -> Candidate:
    at = f"candidates.{package.name}"

    def loaded(name: str, key: str) -> Scenario:
        try:
            return load(design.beside(found.file, name))
        except ScenarioError as error:
            told = "; ".join(str(problem) for problem in error.problems)
            raise ScenarioError([design.problem(found, f"{at}.{key}", told)]) from None

    base = loaded(package.base, "base")
    if package.scenario is not None:
        other = loaded(package.scenario, "scenario")
        if other.family != base.family:
            message = (
                f"'{other.name}' is of the family '{other.family}', its base '{base.name}' of '{base.family}'"
            )
            raise ScenarioError([design.problem(found, f"{at}.scenario", message)])
    else:
        try:
            other = base.with_({"interventions": list(package.interventions)})
        except ScenarioError as error:
            raise ScenarioError(
                [design.problem(found, f"{at}.{each.field}", each.message) for each in error.problems]
            ) from None
    # constructed, not copied: a copy would carry the content_hash; `before` shares the park's own past
    content = {name: getattr(other, name) for name in Scenario.model_fields}
    content |= {"name": package.name, "before": other.before or base.layout}
    return Candidate(package.name, package.park or base.family, base, Scenario.model_construct(**content))


# --- what comes of it ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Ranked:
    """Candidates with their gains and costs.

    Attributes
    ----------
    said : PortfolioFile
    candidates : tuple of Candidate
    reps : int
    compared : dict of candidate to Comparison
        With the park as it is.
    """

    said: PortfolioFile
    candidates: tuple[Candidate, ...]
    reps: int
    compared: dict[str, Comparison] = field(repr=False)
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def differences(self, objective: str) -> pd.DataFrame:
        """Return the paired differences of an indicator: a row a replication, a column a candidate."""
        return self._changes([objective])

    def costs(self) -> pd.DataFrame:
        """Return what the budget's payers bear, CNY: a row a replication, a column a candidate."""
        return self._changes([f"discounted_cost_{payer}" for payer in self.said.payers])

    def weights(self, objective: str) -> Floats:
        """Return what a difference counts at each candidate: 1 for sums, its park's employees for shares and means."""
        from parksim.experiment.pooling import SUMMED  # noqa: PLC0415  (imports the model)
        from parksim.indicators import describe  # noqa: PLC0415

        if describe(objective).unit in SUMMED:
            return np.ones(len(self.candidates))
        return np.array([float(values(c, "employees", c.baseline).mean()) for c in self.compared.values()])

    def gains(self, objective: str) -> pd.DataFrame:
        """Return the differences times their weights, positive where it gets better."""
        from parksim.indicators import describe  # noqa: PLC0415  (imports the model)

        side = 1.0 if describe(objective).better == "higher" else -1.0
        return self.differences(objective) * self.weights(objective) * side

    def table(self, objective: str | None = None) -> pd.DataFrame:
        """Return a row a candidate, the best gain a CNY first.

        Parameters
        ----------
        objective : str, optional
            By default the file's first.

        Returns
        -------
        DataFrame
            Index ``candidate``; columns ``park``, ``cost_cny``, ``difference``, ``low``, ``high`` (paired, 95 %),
            ``gain``, ``gain_per_million``, ``rank``, ``rank_low``, ``rank_high`` (5–95 % of bootstrap draws),
            ``rank_future_low``, ``rank_future_high`` (of futures), ``taken`` (in the best set by the means),
            ``taken_share`` and ``taken_future_share`` (of bootstrap draws, and of futures).
        """
        objective = objective or self.said.objectives[0]
        if objective not in self._tables:
            self._tables[objective] = self._ranked(objective)
        return self._tables[objective].copy()

    def _ranked(self, objective: str) -> pd.DataFrame:
        gain, cost = (frame.to_numpy(dtype=np.float64) for frame in (self.gains(objective), self.costs()))
        mean_gain, mean_cost = _mean(gain), _mean(cost)
        drawn = self._redrawn(gain, cost)
        known = np.isfinite(gain).all(axis=1) & np.isfinite(cost).all(axis=1)
        futures = [self._choice(g, c) for g, c in zip(gain[known], cost[known], strict=True)]
        rank, taken = self._choice(mean_gain, mean_cost)
        apart = [statistics.estimate(column) for column in self.differences(objective).to_numpy().T]
        (low, high), taken_share = _spread(drawn, rank.size)
        (low_future, high_future), taken_future = _spread(futures, rank.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            per_million = np.where(mean_cost > 0, 1e6 * mean_gain / mean_cost, np.nan)
        frame = pd.DataFrame(
            {
                "candidate": [one.name for one in self.candidates],
                "park": [one.park for one in self.candidates],
                "cost_cny": mean_cost,
                "difference": [e.mean for e in apart],
                "low": [e.low for e in apart],
                "high": [e.high for e in apart],
                "gain": mean_gain,
                "gain_per_million": per_million,
                "rank": rank,
                "rank_low": low,
                "rank_high": high,
                "rank_future_low": low_future,
                "rank_future_high": high_future,
                "taken": taken,
                "taken_share": taken_share,
                "taken_future_share": taken_future,
            }
        )
        return frame.set_index("candidate").sort_values("rank", kind="stable")

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it; what is not available is None."""

        def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
            return {str(k): statistics.finite(v) if isinstance(v, float) else v for k, v in row.items()}

        tables = {name: self.table(name) for name in self.said.objectives}
        return {
            "portfolio": self.said.name,
            "budget_cny": self.said.budget_cny,
            "payers": list(self.said.payers),
            "replications": self.reps,
            "months": self.said.months,
            "seed": self.said.seed,
            "objectives": {
                name: {
                    "best_set": [str(k) for k in table.index[table["taken"]]],
                    "cost_cny": float(table.loc[table["taken"], "cost_cny"].sum()),
                    "gain": float(table.loc[table["taken"], "gain"].sum()),
                    "candidates": [plain(row) for row in table.reset_index().to_dict("records")],
                }
                for name, table in tables.items()
            },
        }

    def _changes(self, indicators: Sequence[str]) -> pd.DataFrame:
        """Return the differences to the park as it is, summed over indicators."""
        columns: dict[str, Floats] = {}
        for name, found in self.compared.items():
            if missing := [one for one in indicators if one not in found.indicators]:
                failed = next(iter(found.failed.values()), "")
                reason = f"; a run failed:\n{failed}" if failed else nearest(missing[0], found.indicators)
                raise ParksimError(f"the runs of '{name}' have no '{missing[0]}'{reason}")
            both = [sum(values(found, one, which) for one in indicators) for which in (found.baseline, name)]
            columns[name] = np.asarray(both[1] - both[0])
            if np.isnan(columns[name]).all():
                why = next(iter(found.failed.values()), "it is not available in any replication")
                raise ParksimError(f"no difference of '{indicators[0]}' for '{name}': {why}")
        return pd.DataFrame(columns, index=pd.RangeIndex(self.reps, name="replication"))

    def _choice(self, gain: Floats, cost: Floats) -> Choice:
        """Return ranks and the best set for these gains and costs."""
        parks = [one.park for one in self.candidates]
        return ranks(gain, cost), best_set(gain, cost, self.said.budget_cny, parks)

    def _redrawn(self, gain: Floats, cost: Floats) -> list[Choice]:
        """Return the choices of bootstrap draws; few replications give the same draw often."""
        known: dict[bytes, Choice] = {}
        out = []
        for rows in self._draws():
            key = np.sort(rows).tobytes()
            if key not in known:
                known[key] = self._choice(_mean(gain[rows]), _mean(cost[rows]))
            out.append(known[key])
        return out

    def _draws(self) -> list[npt.NDArray[np.intp]]:
        """Return replications drawn with replacement, the same ones for every candidate; none from a single one."""
        if self.reps == 1:
            return []
        return [
            np.array(
                [
                    int(self.reps * named_uniform(self.said.seed, f"portfolio {k} {r}"))
                    for r in range(self.reps)
                ]
            )
            for k in range(DRAWS)
        ]


def _mean(values_: Floats) -> Floats:
    """Return means over replications, leaving out what is nan; 0 where nothing is left."""
    known = np.isfinite(values_)
    return np.asarray(np.where(known, values_, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _spread(choices: list[Choice], size: int) -> tuple[Floats, Floats]:
    """Return the 5 and 95 % quantiles of the ranks, [2, candidate], and how often each candidate is taken."""
    if not choices:
        return np.full((2, size), np.nan), np.full(size, np.nan)
    rank = np.stack([one for one, _ in choices])
    taken = np.stack([one for _, one in choices])
    ends = np.quantile(rank, [0.05, 0.95], axis=0, method="closest_observation")
    return np.asarray(ends, dtype=np.float64), np.asarray(taken.mean(axis=0))
