"""How much of a difference comes from which mechanism of the layout: Shapley parts that add up to it.

A **mechanism** is a group of what differs between two layouts: fences and gates, transit, flats, places and
who may use them, governance and so on (:data:`MECHANISMS`). Parts of one layout are put into the other, group
by group, and every mixture is played with the same people, parameters and luck. A mechanism's part is what the
indicator changes when the mechanism is switched, averaged over all orders in which the mechanisms can be
switched (Shapley 1953), so that the parts add up to the difference in every replication.

These are mechanisms of the *layout*: what planners could have done alone. Channels inside people's lives
(more ties, other modes, who stayed) are consequences of several of them and are not told apart here, with one
exception: the part in a mean commute is split into the same people's new times and who is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from parksim.chance import named_uniform
from parksim.cores import usable_cores
from parksim.errors import ParksimError
from parksim.experiment import statistics
from parksim.experiment.futures import draw
from parksim.experiment.runner import outcomes
from parksim.experiment.work import Job, Member, Task, replication_seed, run_key
from parksim.interventions import kinds, made
from parksim.scenario.schema import LAYOUT_SECTIONS, Amenity, Map, Scenario
from parksim.scenario.verify import verify
from parksim.world.city import TRANSIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from parksim.experiment.work import Outcome, Play
    from parksim.scenario.schema import Intervention

    Pieces = dict[tuple[str, str], Any]

MECHANISMS = (
    *("walking", "ground", "transit", "roads", "homes", "services", "governance", "hybrid", "labour"),
    *("support", "link", "shocks", "circles", "world", "past"),
)
"""What can be switched; the catalogue of messages says what each is. Another section of the layout is a mechanism
by its own name."""

EXACT = 6
"""Up to so many mechanisms every mixture is played; beyond, orders are sampled."""

SAME_PEOPLE = {"commute_mean_min": "commute_mean_min_cohort"}
"""Indicators of the current stock, and what they are over everyone employed at month 0."""

_LISTS = ("gateways", "car_parks", "amenities", "interventions")
_WORLD = ("family", "city", "population", "enterprises", "needs", "parameters", "start", "linked")


@dataclass(frozen=True)
class Decomposition:
    """Parts of a difference by mechanism.

    Attributes
    ----------
    indicator, unit : str
    baseline, other : str
        Names of the scenarios; the difference is other minus baseline.
    differs : dict of str to tuple of str
        What each mechanism switches, by path.
    exact : bool
        Whether every mixture was played; else orders were sampled and the intervals hold that too.
    runs : int
        Runs played.
    values : DataFrame
        The indicator by replication (index) and mixture (columns: tuples of the mechanisms switched).
    parts : DataFrame
        A row a replication, a column a mechanism: they add up to :attr:`difference`. nan where a run of the
        replication failed or has no value.
    same_people : DataFrame or None
        Of each part, what lies in the times of those employed at month 0 (the parts of the indicator over that
        cohort, a leaver with the last known time); the rest is who is there. For mean commutes only.
    """

    indicator: str
    unit: str
    baseline: str
    other: str
    differs: dict[str, tuple[str, ...]]
    exact: bool
    runs: int
    values: pd.DataFrame = field(repr=False)
    parts: pd.DataFrame = field(repr=False)
    same_people: pd.DataFrame | None = field(repr=False)

    @cached_property
    def difference(self) -> pd.Series:
        """Other minus baseline, a value a replication."""
        mixtures = sorted(self.values.columns, key=len)
        return (self.values[mixtures[-1]] - self.values[mixtures[0]]).rename(self.indicator)

    def table(self) -> pd.DataFrame:
        """Return a row a mechanism, the largest part first, and the ``difference`` they add up to.

        Returns
        -------
        DataFrame
            Index ``mechanism``; columns ``part``, ``low``, ``high`` (mean over replications and its 95 %
            interval), ``n``, and for mean commutes ``same_people`` and ``who_is_there``, which add up to ``part``.
        """
        mean = self.parts.mean()
        order = sorted(self.parts.columns, key=lambda name: -abs(mean[name]))
        rows = [self._row(name, self.parts[name]) for name in order]
        rows.append(self._row("difference", self.difference[self.parts.notna().all(axis=1)]))
        table = pd.DataFrame(rows).set_index("mechanism")
        table.attrs["units"] = dict.fromkeys(table.columns.drop("n"), self.unit)
        return table

    def _row(self, name: str, values: pd.Series) -> dict[str, Any]:
        e = statistics.estimate(values)
        row: dict[str, Any] = {"mechanism": name, "part": e.mean, "low": e.low, "high": e.high, "n": e.n}
        if self.same_people is not None:
            same = self.same_people.sum(axis=1) if name == "difference" else self.same_people[name]
            row["same_people"] = float(same[values.notna()].mean()) if e.n else math.nan
            row["who_is_there"] = row["part"] - row["same_people"]
        return row

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON holds it."""
        rows = self.table().reset_index().to_dict("records")
        plain = [
            {str(k): statistics.finite(v) if isinstance(v, float) else v for k, v in row.items()}
            for row in rows
        ]
        return {
            "indicator": self.indicator,
            "unit": self.unit,
            "baseline": self.baseline,
            "other": self.other,
            "exact": self.exact,
            "runs": self.runs,
            "differs": {name: list(paths) for name, paths in self.differs.items()},
            "parts": plain,
        }

    def _repr_html_(self) -> str:
        html: str = self.table().to_html(float_format="{:.4g}".format)
        return html


def decompose(
    baseline: Scenario | str,
    other: Scenario | str,
    indicator: str = "commute_mean_min",
    *,
    reps: int = 4,
    seed: int = 1,
    months: int = 36,
    fixed: bool = False,
    orders: int = 16,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    play: Play | None = None,
) -> Decomposition:
    """Say how much of a difference comes from which mechanism of the layout.

    Parameters
    ----------
    baseline, other : Scenario or str
        Scenarios, or names or files of scenarios.
    indicator : str
        Which difference.
    reps, seed, months, fixed
        As for :func:`parksim.experiment.comparison.compare`: the same replications.
    orders : int
        With more than :data:`EXACT` mechanisms: orders of switching that each replication tries, half of them
        the other half backwards.
    workers, executor, progress, play
        As for :func:`parksim.experiment.comparison.compare`.

    Returns
    -------
    Decomposition

    Raises
    ------
    ParksimError
        If nothing differs, the indicator is unknown, or no replication has a value in every mixture.
    """
    from parksim.indicators import describe  # noqa: PLC0415  (imports the model)
    from parksim.scenario.read import load  # noqa: PLC0415  (not needed for Scenario objects)

    a, b = (load(one) if isinstance(one, str) else one for one in (baseline, other))
    unit = describe(indicator).unit
    if reps < 1:
        raise ParksimError(f"replications {reps}: at least one is needed")
    seeds = [replication_seed(seed, r) for r in range(reps)]
    pairs = [(a, b) if fixed else (_drawn(a, s), _drawn(b, s)) for s in seeds]
    differs: dict[str, tuple[str, ...]] = {}
    for pair in pairs:  # what is drawn may differ in one replication and not in another
        for name, paths in differing(*pair).items():
            differs[name] = tuple(dict.fromkeys([*differs.get(name, ()), *paths]))
    if not differs:
        raise ParksimError(f"nothing differs between '{a.name}' and '{b.name}'")
    groups = _compatible(a, b, [(name,) for name in differs])
    n = len(groups)
    sequences = [None if n <= EXACT else _orders(n, s, orders) for s in seeds]
    tasks, wanted = [], []
    share = max(1, (workers or usable_cores()) // reps)  # workers to each replication
    for s, pair, tried in zip(seeds, pairs, sequences, strict=True):
        met = list(range(2**n)) if tried is None else sorted({m for o in tried for m in _along(o)})
        jobs = [_job(mixed(*pair, _names(groups, m)), s, months) for m in met]
        wanted.append(dict(zip(met, (job.key for job in jobs), strict=True)))
        tasks += [Task(s, months, tuple(part)) for k in range(share) if (part := jobs[k::share])]
    found = _played(tasks, progress, {"workers": workers, "executor": executor, "play": play})
    names = [" + ".join(group) for group in groups]
    which = [indicator, *([SAME_PEOPLE[indicator]] if indicator in SAME_PEOPLE else [])]
    values = {name: [_values(found, keys, name) for keys in wanted] for name in which}
    if not any(all(map(math.isfinite, v.values())) for v in values[indicator]):
        faults = [outcome.traceback for outcome in found.values() if outcome.failed]
        raise ParksimError(
            f"'{indicator}' is not available in every mixture of '{a.name}' and '{b.name}'"
            + (f"; the first run that failed says:\n{faults[0]}" if faults else "")
        )
    index = pd.RangeIndex(reps, name="replication")
    parts = [
        pd.DataFrame(
            [shapley(v, n, tried) for v, tried in zip(values[name], sequences, strict=True)], index, names
        )
        for name in which
    ]
    wide = pd.DataFrame(values[indicator], index=index).sort_index(axis=1)
    mixtures = [_names(groups, int(m)) for m in wide.columns.tolist()]
    wide.columns = pd.Index(mixtures, tupleize_cols=False)
    return Decomposition(
        indicator, unit, a.name, b.name, {" + ".join(g): sum((differs[m] for m in g), ()) for g in groups},
        n <= EXACT, len(found), wide, parts[0], parts[1] if len(parts) > 1 else None,
    )  # fmt: skip


def shapley(
    values: Mapping[int, float], n: int, orders: Sequence[Sequence[int]] | None = None
) -> list[float]:
    """Share a total out among players by what each adds, averaged over the orders in which they come.

    ``phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S))`` (Shapley 1953).

    Parameters
    ----------
    values : mapping of int to float
        v by coalition, written as bits.
    n : int
        Players.
    orders : sequence of sequences of int, optional
        Average over these orders only; then `values` need hold what they pass through and no more.

    Returns
    -------
    list of float
        A part a player; they add up to v(all) - v(none).
    """
    out = [0.0] * n
    if orders is not None:
        for order in orders:
            for player, (before, after) in zip(order, pairwise(_along(order)), strict=True):
                out[player] += (values[after] - values[before]) / len(orders)
        return out
    for i in range(n):
        for s in range(2**n):
            if not s >> i & 1:
                size = s.bit_count()
                weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
                out[i] += weight * (values[s | 1 << i] - values[s])
    return out


# --- mixtures ------------------------------------------------------------------------------------


def differing(a: Scenario, b: Scenario) -> dict[str, tuple[str, ...]]:
    """Return what differs between two scenarios, as paths by mechanism, in the order of :data:`MECHANISMS`."""
    found: dict[str, list[str]] = {}
    for key, mechanism in _switches(a, b).items():
        found.setdefault(mechanism, []).append(".".join(part for part in key if part))
    order = [*MECHANISMS, *sorted(set(found) - set(MECHANISMS))]
    return {name: tuple(found[name]) for name in order if name in found}


def mixed(a: Scenario, b: Scenario, mechanisms: Sequence[str]) -> Scenario:
    """Return the first scenario with some mechanisms of the second.

    With none of those that differ it is the first scenario itself, with all of them the second.
    """
    switches = _switches(a, b)
    chosen = {key for key, mechanism in switches.items() if mechanism in mechanisms}
    if not chosen:
        return a
    if len(chosen) == len(switches):
        return b
    of_a, of_b = _pieces(a), _pieces(b)
    pieces: Pieces = {}
    for key in dict.fromkeys([*of_a, *of_b]):
        source = of_b if key in chosen else of_a
        if key in source:
            pieces[key] = source[key]
    data: dict[str, Any] = {name: getattr(a, name) for name in Scenario.model_fields}
    data |= {name: tuple(v for (s, _), v in pieces.items() if s == name) for name in _LISTS}
    data |= {"before" if s == "past" else s: value for (s, part), value in pieces.items() if not part}
    data |= {part: value for (s, part), value in pieces.items() if s == "world"}
    data["map"] = Map.model_construct(**{part: value for (s, part), value in pieces.items() if s == "map"})
    data["name"] = f"{a.name}-with-{'-'.join(mechanisms)}"[:64]
    return Scenario.model_construct(**data)


def _pieces(scenario: Scenario) -> Pieces:
    """Take a scenario apart into what can be switched: (section, part) and its value."""
    out: Pieces = {}
    for name in LAYOUT_SECTIONS:
        value = getattr(scenario, name)
        if name == "map":
            out |= {(name, part): getattr(value, part) for part in Map.model_fields}
        elif name in _LISTS:
            out |= {(name, item.name): item for item in value}
        else:
            out[name, ""] = value
    out |= {("world", name): getattr(scenario, name) for name in _WORLD}
    out["past", ""] = scenario.plain.layout
    return out


def _switches(a: Scenario, b: Scenario) -> dict[tuple[str, str], str]:
    """Return the mechanism of every piece that differs."""
    of_a, of_b = _pieces(a), _pieces(b)
    placed = [x for s in (a, b) for x in s.amenities]
    placed += [x for s in (a, b) for i in s.interventions for x in made(i) if isinstance(x, Amenity)]
    flats = {x.name for x in placed if x.category == "flats"}
    return {
        key: _mechanism(key, [x for x in (of_a.get(key), of_b.get(key)) if x is not None], flats)
        for key in dict.fromkeys([*of_a, *of_b])
        if of_a.get(key) != of_b.get(key)
    }


def _mechanism(key: tuple[str, str], items: list[Any], flats: set[str]) -> str:
    section, part = key
    if section == "map":
        return "walking" if part in ("fences", "gates") else "ground"
    if section == "gateways":
        return _of_gateway(items[-1].kind)
    if section == "amenities":
        return "homes" if part in flats else "services"
    if section == "interventions":
        return _of_intervention(items[-1], flats)
    return {"car_parks": "roads", "renewals": "ground"}.get(section, section)


def _of_gateway(kind: str) -> str:
    return "transit" if kind in TRANSIT else "roads" if kind == "road" else "walking"


def _of_intervention(intervention: Intervention, flats: set[str]) -> str:
    if intervention.gateway is not None:
        return _of_gateway(intervention.gateway.kind)
    acts_on = intervention.amenity.name if intervention.amenity is not None else intervention.target
    found = getattr(kinds().get(intervention.kind), "MECHANISM", intervention.kind)
    return "homes" if found == "services" and acts_on in flats else found


def _compatible(a: Scenario, b: Scenario, groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Join mechanisms that make no scenario one without the other, as a place beside a stop that is new too."""
    while len(groups) > 1:
        lame = next((g for g in groups if verify(mixed(a, b, g))), None)
        if lame is None:
            break
        others = [g for g in groups if g is not lame]
        crutch = next((g for g in others if not verify(mixed(a, b, lame + g))), None)
        if crutch is None:
            groups = [tuple(m for g in groups for m in g)]
        else:
            groups = [g + lame if g is crutch else g for g in others]
    if len(groups) <= EXACT and any(verify(mixed(a, b, _names(groups, m))) for m in range(2 ** len(groups))):
        return [tuple(m for g in groups for m in g)]
    return groups


def _names(groups: Sequence[tuple[str, ...]], mixture: int) -> tuple[str, ...]:
    """Return the mechanisms that are switched in a mixture, written as bits over the groups."""
    return tuple(name for k, group in enumerate(groups) if mixture >> k & 1 for name in group)


# --- playing -------------------------------------------------------------------------------------


def _drawn(scenario: Scenario, seed: int) -> Scenario:
    changes = draw(scenario, seed)
    return scenario.with_(changes) if changes else scenario


def _job(scenario: Scenario, seed: int, months: int) -> Job:
    member = Member.of(scenario)
    return Job(run_key(member, {}, seed, months), member, {})


def _played(
    tasks: list[Task], progress: Callable[[int, int], None] | None, options: dict[str, Any]
) -> dict[str, Outcome]:
    tell = progress or (lambda _done, _all: None)
    total = sum(len(task.jobs) for task in tasks)
    workers = min(options.pop("workers") or usable_cores(), len(tasks))
    found: dict[str, Outcome] = {}
    tell(0, total)
    for batch in outcomes(tasks, workers=workers, **options):
        found |= {outcome.key: outcome for outcome in batch}
        tell(len(found), total)
    return found


def _values(found: Mapping[str, Outcome], keys: Mapping[int, str], indicator: str) -> dict[int, float]:
    """Return an indicator by mixture in one replication; nan where a run failed or has none."""
    return {m: (found[key].indicators or {}).get(indicator, math.nan) for m, key in keys.items()}


def _along(order: Sequence[int]) -> list[int]:
    """Return the mixtures that an order of switching passes through, from none to all."""
    return [0, *np.cumsum([1 << player for player in order]).tolist()]


def _orders(n: int, seed: int, count: int) -> list[list[int]]:
    """Draw orders of switching for a replication, each with its reverse, which halves the noise or better."""
    out = []
    for k in range(max(1, count // 2)):
        luck = [named_uniform(seed, f"decompose/order {k}/{player}") for player in range(n)]
        order = sorted(range(n), key=luck.__getitem__)
        out += [order, order[::-1]]
    return out
