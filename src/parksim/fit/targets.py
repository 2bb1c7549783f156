"""What a calibration is to reach: observed figures with their errors, and the parameters that may move.

::

    months: 24
    parameters:
      parameters.staying.quit_monthly: [0.008, 0.03]   # empty: the range of the parameter table or of `sources:`
      parameters.travel.parking_search_min:
    hold_out: 0.25                                     # share of the targets kept for checking
    targets:
      - {indicator: commute_mean_min, value: 41.5, error: 2}
      - {indicator: commute_mean_min, group: home_zone=suburb, value: 55, error: 3, hold: true}
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from parksim.chance import named_uniform
from parksim.errors import ParksimError, Problem, ScenarioError, nearest
from parksim.indicators import describe
from parksim.packing import unpack_groups
from parksim.scenario import document, parameters, paths

if TYPE_CHECKING:
    from pathlib import Path

    from parksim.experiment.work import Outcome
    from parksim.scenario.schema import Scenario

KEYS = ("months", "parameters", "hold_out", "targets")
TARGET_KEYS = ("indicator", "group", "value", "error", "people", "hold")


class FitError(ParksimError):
    """Observations that cannot be compared, or runs that came to nothing."""


@dataclass(frozen=True, slots=True)
class Target:
    """One observed figure.

    Attributes
    ----------
    indicator, group : str
        What was observed; an empty group is everybody.
    value, error : float
        The figure, and its standard error.
    hold : bool
        Kept for checking: not used to fit.
    """

    indicator: str
    group: str
    value: float
    error: float
    hold: bool = False

    @property
    def label(self) -> str:
        """Name for tables."""
        return f"{self.indicator} ({self.group})" if self.group else self.indicator

    def of(self, outcome: Outcome) -> float:
        """Read the simulated figure; nan where the run has none."""
        if outcome.indicators is None:
            return math.nan
        if not self.group:
            return float(outcome.indicators.get(self.indicator, math.nan))
        if outcome.packed is None:
            return math.nan
        groups = unpack_groups(outcome.packed)
        found = groups[(groups["indicator"] == self.indicator) & (groups["group"] == self.group)]
        return float(found["value"].iloc[0]) if len(found) else math.nan


@dataclass(frozen=True, slots=True)
class Moved:
    """One parameter that may move, within a range."""

    path: str
    low: float
    high: float
    whole: bool = False

    def at(self, u: float) -> float:
        """Value at a share `u` of the range, to six digits, so that equal points have equal addresses."""
        value = self.low + u * (self.high - self.low)
        return round(value) if self.whole else float(f"{value:.6g}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A targets file that has been read."""

    targets: tuple[Target, ...]
    parameters: tuple[Moved, ...]
    months: int


def read_targets(file: Path, scenario: Scenario) -> Wanted:
    """Read a targets file.

    Parameters
    ----------
    file : Path
    scenario : Scenario
        Whose parameters move.

    Returns
    -------
    Wanted

    Raises
    ------
    ScenarioError
        Listing every fault with its line.
    """
    read = document.read(file, str(file))
    problems = list(read.problems)

    def fault(path: str, message: str) -> None:
        at = path
        while at and at not in read.lines:
            at = at.rpartition(".")[0]
        problems.append(Problem(str(file), read.lines.get(at), path, message))

    for key in read.data:
        if key not in KEYS:
            fault(key, f"unknown key '{key}'{nearest(key, KEYS)}")
    months = read.data.get("months", 24)
    if not isinstance(months, int) or not 1 <= months <= 240:
        fault("months", f"{months!r} should be a whole number of months from 1 to 240")
        months = 24
    moved = [
        m
        for path, span in (read.data.get("parameters") or {}).items()
        if (m := _moved(path, span, scenario, fault))
    ]
    if not moved and not problems:
        fault(
            "parameters", "say which parameters may move, as 'parameters.staying.quit_monthly: [0.008, 0.03]'"
        )
    targets = [
        t
        for n, each in enumerate(read.data.get("targets") or [])
        if (t := _target(each, f"targets.{n}", fault))
    ]
    if not targets and not problems:
        fault("targets", "give at least one target: {indicator: …, value: …, error: …}")
    share = read.data.get("hold_out", 0.25)
    if not isinstance(share, int | float) or not 0 <= share <= 0.8:
        fault("hold_out", f"{share!r} should be a share from 0 to 0.8")
        share = 0.0
    if problems:
        raise ScenarioError(problems)
    return Wanted(tuple(_held(targets, float(share))), tuple(moved), months)


def _held(targets: list[Target], share: float) -> list[Target]:
    """Keep a share of the targets for checking, unless the file says which; always the same ones."""
    if any(target.hold for target in targets):
        return targets
    count = int(share * len(targets))
    order = sorted(targets, key=lambda t: named_uniform(0, t.label))
    kept = {target.label for target in order[:count]}
    return [Target(t.indicator, t.group, t.value, t.error, t.label in kept) for t in targets]


def _moved(path: str, span: Any, scenario: Scenario, fault: Any) -> Moved | None:
    where = f"parameters.{path}"
    try:
        value = paths.get(scenario, path)
    except ScenarioError as error:
        fault(where, error.problems[0].message)
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        fault(where, f"'{path}' is no number")
        return None
    if span is None:
        span = _known_range(path, scenario)
        if span is None:
            fault(where, "has no range in the parameter table or under 'sources:'; give one, as [low, high]")
            return None
    if not (
        isinstance(span, list)
        and len(span) == 2
        and all(isinstance(x, int | float) for x in span)
        and span[0] < span[1]
    ):
        fault(where, f"{span!r} is no range: write [low, high]")
        return None
    low, high = (float(x) for x in span)
    for end in (low, high):
        try:
            scenario.with_({path: round(end) if isinstance(value, int) else end})
        except ScenarioError as error:
            fault(where, f"the end {end:g} of the range cannot be: {error.problems[0].message}")
            return None
    return Moved(path, low, high, whole=isinstance(value, int))


def _known_range(path: str, scenario: Scenario) -> list[float] | None:
    source = scenario.sources.get(path)
    if source is not None and source.range is not None:
        return list(source.range)
    row = next((row for row in parameters.table() if row["path"] == path), None)
    return [row["low"], row["high"]] if row is not None and row["low"] < row["high"] else None


def _target(each: Any, where: str, fault: Any) -> Target | None:
    if not isinstance(each, dict):
        fault(where, "a target is a mapping: {indicator: …, value: …, error: …}")
        return None
    for key in each:
        if key not in TARGET_KEYS:
            fault(f"{where}.{key}", f"unknown key '{key}'{nearest(key, TARGET_KEYS)}")
    name = str(each.get("indicator", ""))
    try:
        describe(name)
    except ParksimError as error:
        fault(f"{where}.indicator", str(error))
        return None
    value, error_ = each.get("value"), each.get("error")
    if not isinstance(value, int | float) or not np.isfinite(value):
        fault(f"{where}.value", f"{value!r} is not a number")
        return None
    if not isinstance(error_, int | float) or not error_ > 0:
        fault(f"{where}.error", f"{error_!r} should be the standard error of the figure, above 0")
        return None
    hold = str(each.get("hold", "")).lower() in ("true", "yes", "on")
    return Target(name, str(each.get("group") or ""), float(value), float(error_), hold)
