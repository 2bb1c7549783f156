"""Experiment files: which scenarios, what is varied and how; and the design points they stand for."""

from __future__ import annotations

import csv
import itertools
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator

from parksim.errors import ParksimError, Problem, ScenarioError, nearest
from parksim.experiment.futures import Uncertain, uncertain
from parksim.scenario import document, faults, library, paths
from parksim.scenario.parameters import Frozen
from parksim.scenario.terms import Name  # noqa: TC001  (pydantic reads it)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from parksim.scenario.document import Document
    from parksim.scenario.merge import Fault
    from parksim.scenario.schema import Scenario

SAMPLED = ("lhs", "sobol", "morris")
SHORT = {"assumed": frozenset({"assumed"}), "all": frozenset({"B", "C", "assumed"})}
"""``uncertainties: assumed`` stands for all uncertain numbers of that grade, ``all`` for all drawn."""


class Range(Frozen):
    """Numbers from `low` to `high`."""

    low: float
    high: float
    mode: float | None = None
    """Where draws for replications gather; without it all values are equally likely."""

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) should be below high ({self.high:g})")
        if self.mode is not None and not self.low <= self.mode <= self.high:
            raise ValueError(f"mode ({self.mode:g}) should lie between {self.low:g} and {self.high:g}")
        return self


Values = tuple[Any, ...]
Varied = Range | Values


class Design(Frozen):
    """How design points are chosen."""

    kind: Literal["grid", "lhs", "sobol", "morris", "csv"] = "grid"
    samples: int = Field(64, ge=2, le=1_000_000)
    """Points of a Latin hypercube; base sample of Sobol's (a power of two)."""
    trajectories: int = Field(10, ge=2, le=100_000)
    """Morris: ways through the space, each of one point more than there are dimensions."""
    levels: int = Field(4, ge=2, le=100)
    """Morris: steps of each dimension, an even number."""
    second_order: bool = False
    """Sobol: interactions of pairs too, for about twice the points."""
    seed: int = Field(1, ge=0)
    file: str | None = None
    """csv: a table with a column a path and a row a point, beside the experiment file."""

    @model_validator(mode="after")
    def _sound(self) -> Design:
        if (self.kind == "csv") != (self.file is not None):
            raise ValueError("'file' belongs to kind csv, and kind csv needs it")
        if self.kind == "sobol" and self.samples & (self.samples - 1):
            raise ValueError(
                f"samples {self.samples} should be a power of two, as {1 << self.samples.bit_length()}"
            )
        if self.kind == "morris" and self.levels % 2:
            raise ValueError(f"levels {self.levels} should be even")
        return self


class Experiment(Frozen):
    """What an experiment file says.

    **Levers** are what one chooses, **uncertainties** what one does not. Under ``grid`` and ``csv`` an
    uncertainty with a range is drawn anew in each replication, the same for all scenarios and points; under
    ``lhs``, ``sobol`` and ``morris`` it is a dimension of the design, as a lever is. Other uncertain
    parameters are drawn in each replication too, unless ``fixed``.

    A path is changed in every scenario that has it; ``tiny-community:amenities.kiosk.capacity`` changes it in
    that scenario alone.
    """

    parksim: Literal[1]
    name: Name
    title: str = ""
    title_zh: str = ""
    summary: str = ""
    summary_zh: str = ""
    scenarios: tuple[str, ...] = Field(min_length=1)
    """Names or files; the first is the baseline."""
    levers: dict[str, Varied] = Field(default_factory=dict)
    uncertainties: dict[str, Varied | None] | Literal["assumed", "all"] = Field(default_factory=dict)
    """By path; an empty entry takes the range of the parameter table or of the scenario's sources."""
    design: Design = Design()
    replications: int = Field(8, ge=1, le=1_000_000)
    months: int = Field(36, ge=1, le=1200)
    seed: int = Field(1, ge=0, le=2**62)
    fixed: bool = False
    events: bool = False
    indicators: tuple[str, ...] = ()
    """Which indicators reports and sensitivities speak of; every run keeps all."""

    @field_validator("levers", "uncertainties")
    @classmethod
    def _some(cls, value: Any) -> Any:
        for path, varied in value.items() if isinstance(value, dict) else ():
            if isinstance(varied, tuple) and not varied:
                raise ValueError(f"'{path}' has an empty list of values")
        return value

    @model_validator(mode="after")
    def _once(self) -> Experiment:
        if isinstance(self.uncertainties, dict):
            for path in self.levers.keys() & self.uncertainties.keys():
                raise ValueError(f"'{path}' is a lever and an uncertainty: it can only be one")
        if self.design.kind == "grid":
            for path, varied in self.levers.items():
                if isinstance(varied, Range):
                    raise ValueError(  # noqa: TRY004  (pydantic turns it into its own error)
                        f"lever '{path}' has a range: a grid needs a list of values"
                    )
        if self.design.kind == "csv" and self.levers:
            raise ValueError("under a csv design the levers are the file's columns: leave 'levers' out")
        return self


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of a design: a path and what it can be."""

    path: str
    varied: Varied
    whole: bool = False

    def at(self, u: float) -> Any:
        """Return the value at `u`, from 0 to 1."""
        if isinstance(self.varied, Range):
            value = self.varied.low + u * (self.varied.high - self.varied.low)
            return round(value) if self.whole else value
        return self.varied[min(int(u * len(self.varied)), len(self.varied) - 1)]


@dataclass(frozen=True, slots=True)
class Resolved:
    """An experiment with its scenarios at hand.

    Attributes
    ----------
    dimensions : tuple of Dimension
        Axes of the design.
    points : tuple of dict
        Value by path.
    drawn : tuple of Uncertain
        Drawn in each replication because the experiment says so, whether ``fixed`` or not.
    """

    dimensions: tuple[Dimension, ...]
    points: tuple[dict[str, Any], ...]
    drawn: tuple[Uncertain, ...]


def read(name_or_path: str | Path) -> tuple[Experiment, Document]:
    """Read an experiment file.

    Parameters
    ----------
    name_or_path : str or Path
        A file, or the name of an experiment of the library.

    Returns
    -------
    Experiment, Document
        What it says, and on which line.

    Raises
    ------
    ScenarioError
        Listing every fault, with file, line and field.
    """
    path, shown = locate(name_or_path)
    found = document.read(path, shown)
    problems = list(found.problems)
    try:
        experiment = Experiment.model_validate(found.data)
    except ValidationError as error:
        seen: set[str] = set()
        for each in error.errors(include_url=False):
            field, message = _explain(each, found.data)
            if field not in seen:  # an entry that is neither a range nor a list is reported as both
                seen.add(field)
                problems.append(problem(found, field, message))
        raise ScenarioError(problems) from None
    if problems:
        raise ScenarioError(problems)
    return experiment, found


def problem(found: Document | None, field: str, message: str) -> Problem:
    """Return a Problem at the line of a field, or of what is around it."""
    if found is None:
        return Problem("experiment", None, field, message)
    at = field
    while at and at not in found.lines:
        at = at.rpartition(".")[0]
    return Problem(found.file, found.lines.get(at), field, message)


def resolve(experiment: Experiment, scenarios: Sequence[Scenario], found: Document | None = None) -> Resolved:
    """Turn an experiment into dimensions and points, with every path checked in the scenarios.

    Parameters
    ----------
    experiment : Experiment
        What the file says.
    scenarios : sequence of Scenario
        The scenarios it names.
    found : Document, optional
        The file, for the lines of faults.

    Raises
    ------
    ScenarioError
        If a path exists in none of the scenarios, or one of its values is not possible there.
    """
    folder = str(Path(found.file).parent) if found is not None else "."
    known = {number.path: number for scenario in reversed(scenarios) for number in uncertain(scenario)}
    uncertainties, problems = _uncertainties(experiment, known, found)
    # sorted: the order in the file says nothing, so it must not move the points
    varied: dict[str, Varied] = dict(sorted({**experiment.levers, **uncertainties}.items()))
    section = dict.fromkeys(experiment.levers, "levers") | dict.fromkeys(uncertainties, "uncertainties")
    for path, values in varied.items():
        ends = (values.low, values.high) if isinstance(values, Range) else values
        explicit = not isinstance(experiment.uncertainties, str)
        if explicit and (message := _impossible(path, ends, scenarios)):
            problems.append(problem(found, f"{section[path]}.{path}", message))
    if problems:
        raise ScenarioError(problems)
    sampled = experiment.design.kind in SAMPLED
    drawn = tuple(
        _as_drawn(path, values, known, whole=_whole(path, scenarios))
        for path, values in uncertainties.items()
        if isinstance(values, Range) and not sampled
    )
    apart = {number.path for number in drawn}
    dimensions = tuple(
        Dimension(path=path, varied=values, whole=_whole(path, scenarios))
        for path, values in varied.items()
        if path not in apart
    )
    points = tuple(_points(experiment.design, dimensions, folder))
    if experiment.design.kind == "csv":
        for number, point in enumerate(points, 1):
            for path, value in point.items():
                if message := _impossible(path, [value], scenarios):
                    at = f"row {number}: {path}: {message}"
                    raise ScenarioError([Problem(str(experiment.design.file), number + 1, path, at)])
    return Resolved(dimensions, points, drawn)


def salib_problem(dimensions: Sequence[Dimension]) -> dict[str, Any]:
    """Return the unit cube of these dimensions as SALib wants it."""
    return {
        "num_vars": len(dimensions),
        "names": [dimension.path for dimension in dimensions],
        "bounds": [[0.0, 1.0]] * len(dimensions),
    }


def sample(design: Design, dimensions: Sequence[Dimension]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the design's points in the unit cube: a row a point, the same for the same design."""
    width = len(dimensions)
    if not width:
        raise ParksimError(f"a {design.kind} design needs at least one lever or uncertainty")
    if design.kind == "lhs":
        from scipy.stats import qmc  # noqa: PLC0415  (half a second)

        cube = qmc.LatinHypercube(width, rng=np.random.default_rng(design.seed)).random(design.samples)
        return np.asarray(cube, dtype=np.float64)
    try:
        from SALib.sample import morris, sobol  # noqa: PLC0415
    except ImportError as error:
        raise ParksimError(f"for {design.kind} designs, pip install 'parksim[sensitivity]'") from error
    about = salib_problem(dimensions)
    if design.kind == "sobol":
        cube = sobol.sample(about, design.samples, calc_second_order=design.second_order, seed=design.seed)
    else:
        cube = morris.sample(about, design.trajectories, num_levels=design.levels, seed=design.seed)
    return np.asarray(cube, dtype=np.float64)


# --- parts ---------------------------------------------------------------------------------------


def _points(design: Design, dimensions: Sequence[Dimension], folder: str) -> Iterable[dict[str, Any]]:
    if design.kind == "csv":
        return _table(Path(folder) / str(design.file))
    names = [dimension.path for dimension in dimensions]
    if design.kind == "grid":
        axes = [dimension.varied for dimension in dimensions if isinstance(dimension.varied, tuple)]
        return [dict(zip(names, values, strict=True)) for values in itertools.product(*axes)]
    return [
        {dimension.path: dimension.at(float(u)) for dimension, u in zip(dimensions, row, strict=True)}
        for row in sample(design, dimensions)
    ]


def _table(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
    except OSError as error:
        raise ScenarioError([Problem(str(file), None, "", f"cannot be read ({error.strerror})")]) from error
    if len(rows) < 2:
        raise ScenarioError([Problem(str(file), None, "", "needs a line of paths and at least one point")])
    head = [name.strip() for name in rows[0]]
    for line, row in enumerate(rows[1:], 2):
        if row and len(row) != len(head):
            message = f"{len(row)} values under {len(head)} paths"
            raise ScenarioError([Problem(str(file), line, "", message)])
    return [dict(zip(head, map(_cell, row), strict=True)) for row in rows[1:] if row]


def _cell(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text.strip()
    if not math.isfinite(number):
        return text.strip()
    return int(number) if number.is_integer() and "." not in text and "e" not in text.lower() else number


def _uncertainties(
    experiment: Experiment, known: Mapping[str, Uncertain], found: Document | None
) -> tuple[dict[str, Varied], list[Problem]]:
    problems: list[Problem] = []
    if isinstance(experiment.uncertainties, str):
        grades = SHORT[experiment.uncertainties]
        chosen = {p: n for p, n in known.items() if n.grade in grades and p not in experiment.levers}
        return {p: Range(low=n.low, high=n.high, mode=n.mode) for p, n in chosen.items()}, problems
    out: dict[str, Varied] = {}
    for path, values in experiment.uncertainties.items():
        if values is not None:
            out[path] = values
        elif path in known:
            number = known[path]
            out[path] = Range(low=number.low, high=number.high, mode=number.mode)
        else:
            message = f"no range is known for it: give low and high{nearest(path, known)}"
            problems.append(problem(found, f"uncertainties.{path}", message))
    return out, problems


def _as_drawn(path: str, values: Range, known: Mapping[str, Uncertain], *, whole: bool) -> Uncertain:
    grade = known[path].grade if path in known else "assumed"
    if values.mode is None:
        return Uncertain(path, values.low, math.nan, values.high, grade, whole)
    return Uncertain(path, values.low, values.mode, values.high, grade, whole)


def aimed(path: str, scenario: Scenario) -> str | None:
    """Return the path within `scenario` that a lever's path changes; None where it does not concern it."""
    name, colon, bare = path.partition(":")
    if not colon:
        name, bare = scenario.name, path
    return bare if name == scenario.name and paths.exists(scenario, bare) else None


def _whole(path: str, scenarios: Sequence[Scenario]) -> bool:
    values = [paths.get(s, at) for s in scenarios if (at := aimed(path, s)) is not None]
    return bool(values) and all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _impossible(path: str, values: Iterable[Any], scenarios: Sequence[Scenario]) -> str:
    """Say what is wrong with a path or its values; nothing where some scenario takes them all."""
    having = [(scenario, at) for scenario in scenarios if (at := aimed(path, scenario)) is not None]
    if not having:
        name, colon, bare = path.partition(":")
        named = {scenario.name: scenario for scenario in scenarios}
        if colon and name not in named:
            return f"no scenario '{name}' in this experiment{nearest(name, named)}"
        try:
            paths.get(named[name] if colon else scenarios[-1], bare or path)
        except ScenarioError as error:
            names = name if colon else ", ".join(named)
            return f"in none of the scenarios ({names}): {error.problems[0].message}"
    whole = _whole(path, scenarios)
    for value in values:
        for scenario, at in having:
            try:
                scenario.with_({at: round(value) if whole and isinstance(value, float) else value})
            except ScenarioError as error:
                return f"{value!r} is not possible in {scenario.name}: {error.problems[0].message}"
    return ""


def locate(name_or_path: str | Path) -> tuple[Path, str]:
    """Return where an experiment file lies, and what the user calls it; also by its name in the library."""
    text = os.fspath(name_or_path)
    path = Path(text)
    if path.is_file():
        return path, text
    bundled = library.folder("experiments") / f"{text}.yaml"
    if bundled.is_file():
        return bundled, str(bundled)
    message = f"no such file, and no experiment of that name{nearest(path.stem, library.experiments())}"
    raise ScenarioError([Problem(text, None, "", message)])


def beside(file: str | None, name: str) -> str | Path:
    """Return a scenario's file beside the experiment's, where there is one; else its name."""
    if file is not None:
        for candidate in (Path(file).parent / name, Path(file).parent / f"{name}.yaml"):
            if candidate.is_file() and candidate != Path(file):
                return candidate
    return name


def _explain(error: ErrorDetails, data: Mapping[str, Any]) -> Fault:
    """Say one of pydantic's errors in words, with the field it is about."""
    location = list(error["loc"])
    if location and location[0] in {"levers", "uncertainties"}:
        known = data.get(str(location[0]))
        location = location[:2] if isinstance(known, dict) and len(location) > 1 else location[:1]
    field, kind, said = ".".join(map(str, location)), error["type"], error["input"]
    if kind == "extra_forbidden":
        model = Design if location[:1] == ["design"] else Experiment
        return field, f"unknown key '{location[-1]}'{nearest(location[-1], model.model_fields)}"
    if kind == "missing":
        return field, f"'{location[-1]}' is missing"
    if location[:1] in (["levers"], ["uncertainties"]) and len(location) == 2 and kind != "value_error":
        return field, f"should be a list of values, or low and high, not {said!r}"
    if kind == "value_error":
        return field, str(error.get("ctx", {}).get("error", error["msg"]))
    return field, faults.explain(error, data, Experiment)[1]
