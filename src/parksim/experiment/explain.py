"""One person under two layouts, month by month: every leg, queue and term, and which term parted the two lives.

Both models of a replication are played again and looked at between the steps of the month. Looking changes
nothing: what is read is what the phases themselves weigh (:func:`parksim.phases.travel.ways`,
:func:`parksim.phases.staying.factors`, ...).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from parksim.errors import ParksimError
from parksim.experiment.futures import draw
from parksim.experiment.work import replication_seed
from parksim.governance import asking
from parksim.homes import flat_utility, may_rent
from parksim.model import ParkModel
from parksim.people import ALLOTTED, visits_wanted
from parksim.phases import hiring, measure, services, staying, travel
from parksim.population import EDUCATION, HOUSEHOLDS, WAGE_BANDS
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.schema import MODES
from parksim.world.market import DAY, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from parksim.scenario.schema import Scenario

LEGS = ("access", "wait", "ride", "queue", "walk", "floors", "school_run")
"""Minutes from door to desk: to the stop, station or parked vehicle; waiting for it; under way; lost in queues
(for cars all from the park's edge: entrance, roads, parking and the walk from there); inside the park; up to
the floor; and by way of kindergarten or school."""

TERMS = ("tenure", "age", "commute", "services", "ties", "home", "wage", "employer", "hybrid")
"""Factors of the hazard of quitting, as :func:`parksim.phases.staying.factors` gives them."""

_LIFE = (
    *("home", "employer", "mode", "minutes", *LEGS),
    *("served", "unserved", "asked", "ties", "trust", "applied"),
)
_HAZARD = (*TERMS, "hazard", "u", "odds_move", "u_move")
_QUEUES = ("visits", "served", "walk_min", "wait_min")
_NAMES = list(CATEGORIES)


@dataclass(frozen=True)
class Parting:
    """The first month in which two lives differ, and what turned the choice.

    Attributes
    ----------
    month : int
    decision : str
        ``mode``, ``quit``, ``home`` or ``hire``; ``leave`` where it was not the person's choice.
    base, other : str
        What came of it in either scenario.
    terms : DataFrame
        Index ``term``; columns ``base``, ``other`` and ``difference`` (other minus base): logarithms of the
        factors (quit, and whether to move), or utility of what was chosen in the other scenario less that of
        what was chosen in the base (mode, where to live). Empty where nothing was weighed.
    term : str
        The term that turned the choice: the largest difference in its direction; empty where there is none.
    through_others : bool
        Whether somebody else's doing made the difference: a post taken, a lottery, an employer that closed.
    reason : str
        Which sentence says so, with the `facts` that it takes; see :attr:`Explanation.why`.
    facts : dict
        Scenarios by number, modes, homes and causes by name, draws and odds as written.
    """

    month: int
    decision: str
    base: str
    other: str
    terms: pd.DataFrame = field(repr=False)
    term: str
    through_others: bool
    reason: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """One person under two layouts.

    Attributes
    ----------
    employee : int
        Identity.
    names : tuple of str
        Baseline and other scenario.
    scenarios : tuple of Scenario
        The same, as they were played.
    seed, months : int
        Of the runs.
    person : dict
        Who it is: the same in both.
    life : DataFrame
        Index ``scenario, month`` from 0; columns ``home``, ``employer``, ``mode``, ``minutes``, the
        :data:`LEGS` (they add up to the minutes), ``served`` (share of the visits wanted), ``unserved`` (visits
        a month), ``asked`` (a request made), ``ties``, ``trust``, ``applied`` (for a post of the park, having left
        or quit another). Home and employer are empty while nobody in the park employs the person.
    hazard : DataFrame
        Index ``scenario, month``; the factors of :data:`TERMS`, ``hazard``, the draw ``u`` (quits if below),
        and ``odds_move``, ``u_move`` likewise for moving home.
    queues : DataFrame
        Index ``scenario, month, category``, for what the person needs; columns ``visits`` (a month), ``served``
        (share of them at this desk, on working days), ``walk_min``, ``wait_min`` (expected, of those attempted).
        Of places that are allotted `served` is 1 with a place and 0 without.
    events : DataFrame
        Index ``scenario, month``; columns ``kind`` and ``detail``, as in the event log.
    parting : Parting or None
        None: the two lives never part.
    """

    employee: int
    names: tuple[str, str]
    scenarios: tuple[Scenario, Scenario] = field(repr=False)
    seed: int
    months: int
    person: dict[str, Any]
    life: pd.DataFrame = field(repr=False)
    hazard: pd.DataFrame = field(repr=False)
    queues: pd.DataFrame = field(repr=False)
    events: pd.DataFrame = field(repr=False)
    parting: Parting | None

    @property
    def text(self) -> str:
        """The two lives in English."""
        return self.told()

    def told(self, lang: str = "en") -> str:
        """Return the two lives in words, in English or Chinese (``zh``)."""
        from parksim.report.telling import told  # noqa: PLC0415  (words are only read where something is said)

        return told(self, lang)

    @property
    def why(self) -> str:
        """What parted the two lives, in one sentence; empty where they never part."""
        from parksim.report.telling import why  # noqa: PLC0415  (as above)

        return why(self)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415  (for notebooks alone)

        return f"<pre>{escape(self.text)}</pre>{self.life.to_html(float_format='{:.3g}'.format)}"


def explain(
    baseline: Scenario | str,
    other: Scenario | str,
    employee: int,
    *,
    seed: int = 1,
    replication: int = 0,
    months: int = 36,
    fixed: bool = False,
) -> Explanation:
    """Play one replication of a comparison again and tell one person's two lives.

    Parameters
    ----------
    baseline, other : Scenario or str
        Scenarios, or names or files of scenarios.
    employee : int
        Identity, as in event logs, cohorts and :func:`most_changed`.
    seed, months, fixed
        As for :func:`parksim.experiment.comparison.compare`.
    replication : int
        Which replication, from 0.

    Returns
    -------
    Explanation

    Raises
    ------
    ParksimError
        If nobody with this identity was seen in either scenario, or both have one name.
    """
    setting: dict[str, Any] = {"seed": seed, "replication": replication, "months": months, "fixed": fixed}
    return explain_each(baseline, other, [employee], **setting)[0]


def explain_each(
    baseline: Scenario | str,
    other: Scenario | str,
    employees: Sequence[int],
    *,
    seed: int = 1,
    replication: int = 0,
    months: int = 36,
    fixed: bool = False,
) -> list[Explanation]:
    """Tell the two lives of several people from one pair of runs; see :func:`explain`."""
    pair, run_seed = _members((baseline, other), seed, replication, fixed=fixed)
    names = (pair[0].name, pair[1].name)
    lives = []
    for scenario in pair:
        model = _Watched(scenario, run_seed)
        watches = [_Watch(employee) for employee in employees]
        for watch in watches:
            watch.begin(model)
        model.watches = tuple(watches)
        model.run(months)
        for watch in watches:
            watch.end(model)
        lives.append(watches)
    for employee, *both in zip(employees, *lives, strict=True):
        if not any(watch.person for watch in both):
            raise ParksimError(
                f"nobody with the identity {employee} was in the park in these {months} months of replication "
                f"{replication}; --most-changed (parksim.experiment.explain.most_changed) lists some who were"
            )
    return [
        Explanation(
            employee,
            names,
            (pair[0], pair[1]),
            run_seed,
            months,
            a.person or b.person,
            _stacked(names, _LIFE, a.life, b.life),
            _stacked(names, _HAZARD, a.hazard, b.hazard),
            _stacked(names, _QUEUES, a.queues, b.queues, by=("category",)),
            _stacked(names, ("kind", "detail"), a.events, b.events),
            _parting(a, b, months),
        )
        for employee, a, b in zip(employees, *lives, strict=True)
    ]


def most_changed(
    baseline: Scenario | str,
    other: Scenario | str,
    count: int = 5,
    *,
    seed: int = 1,
    replication: int = 0,
    months: int = 36,
    fixed: bool = False,
) -> pd.DataFrame:
    """List those of month 0 whose lives the layout changes most, by minutes and then by months in the park.

    Returns
    -------
    DataFrame
        Index ``employee``; groups at month 0, then for both scenarios the last known ``minutes``, the month in
        which the employer of month 0 was left (-1: never) and why.
    """
    from parksim.experiment.run import run  # noqa: PLC0415

    pair, run_seed = _members((baseline, other), seed, replication, fixed=fixed)
    a, b = (run(scenario, run_seed, months).cohort.set_index("identity") for scenario in pair)
    both = a.index.intersection(b.index)  # all, unless the two have different pasts
    a, b = a.loc[both], b.loc[both]
    out = a[["wage_band", "age", "household", "home_zone"]].copy()
    for name in ("minutes", "left_month", "left_cause"):
        for scenario, cohort in zip(pair, (a, b), strict=True):
            out[f"{name} ({scenario.name})"] = cohort[name]
    stay = [np.where(c["left_month"] < 0, months + 1, c["left_month"]) for c in (a, b)]
    key = pd.DataFrame(
        {"minutes": (b["minutes"] - a["minutes"]).abs(), "months": np.abs(stay[1] - stay[0])}, index=a.index
    )
    order = key.sort_values(["minutes", "months"], ascending=False, kind="stable").index[:count]
    return out.loc[order].rename_axis("employee")


def _members(
    scenarios: tuple[Scenario | str, Scenario | str], seed: int, replication: int, *, fixed: bool
) -> tuple[list[Scenario], int]:
    """Return the scenarios of a replication with their drawn parameters, and its seed."""
    from parksim.scenario.read import load  # noqa: PLC0415  (not needed for Scenario objects)

    if replication < 0:
        raise ParksimError(f"replication {replication}: they are counted from 0")
    run_seed = replication_seed(seed, replication)
    loaded = [load(one) if isinstance(one, str) else one for one in scenarios]
    for one in loaded:
        if one.linked is not None:
            raise ParksimError(
                f"'{one.name}' plays linked towns: only the people of one park can be explained"
            )
    if loaded[0].name == loaded[1].name:
        raise ParksimError(f"two scenarios are named '{loaded[0].name}': give one of them another name")
    if fixed:
        return loaded, run_seed
    return [one.with_(draw(one, run_seed)) for one in loaded], run_seed


def _stacked(
    names: tuple[str, str], columns: tuple[str, ...], *tables: list[dict[str, Any]], by: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Put two scenarios' rows into one frame, with these columns whether or not there are rows."""
    index = ["scenario", "month", *by]
    rows = [{"scenario": name, **row} for name, table in zip(names, tables, strict=True) for row in table]
    return pd.DataFrame(rows, columns=[*index, *columns]).set_index(index)


# --- watching ------------------------------------------------------------------------------------


class _Watched(ParkModel):
    """A model that lets somebody look before every step of the month."""

    watches: tuple[_Watch, ...] = ()

    def _play(self, phases: tuple[Any, ...]) -> None:
        for phase in phases:
            for step in getattr(phase, "STEPS", (phase.play,)):
                for watch in self.watches:
                    watch.look(self, step)
                step(self)
        self._agents_stale = True


class _Watch:
    """What is seen of one person in one model; reads and never writes."""

    def __init__(self, employee: int) -> None:
        self.employee = np.uint64(employee)
        self.person: dict[str, Any] = {}
        self.life: list[dict[str, Any]] = []
        self.hazard: list[dict[str, Any]] = []
        self.queues: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.at_end: list[dict[str, Any]] = []
        self.ways: list[dict[str, dict[str, float]]] = []
        self.homes: dict[int, dict[str, float]] = {}
        self._looks: dict[Any, Callable[[ParkModel], None]] = {
            services.play: self._morning,
            staying.refer: self._day,
            staying.quit_posts: self._odds_of_quitting,
            staying.move_home: self._odds_of_moving,
            hiring.play: self._search,
            measure.play: self._evening,
        }

    def begin(self, model: ParkModel) -> None:
        """Look at month 0, which has a morning and visits but no decisions after them."""
        self._morning(model)
        today = self.life[-1]
        if "minutes" in today:  # a child's place was given out after the way to work had been gone
            today["school_run"] += today["minutes"] - sum(today[leg] for leg in LEGS)
        self._day(model)
        self._evening(model)

    def look(self, model: ParkModel, step: Callable[[ParkModel], None]) -> None:
        """Look at what the next step will decide on."""
        if step in self._looks:
            self._looks[step](model)

    def end(self, model: ParkModel) -> None:
        """Read the log."""
        table = model.event_table()
        mine = table[table["identity"] == self.employee]
        self.events = mine[["month", "kind", "detail"]].to_dict("records")  # type: ignore[assignment]

    def _row(self, model: ParkModel) -> npt.NDArray[np.intp]:
        """Row of the person's post, as an array of one; empty where nobody in the park employs the person."""
        return np.flatnonzero(model.posts.filled & (model.posts.identity == self.employee))

    def _morning(self, model: ParkModel) -> None:
        """Note the way to work, as it was chosen."""
        row = self._row(model)
        today: dict[str, Any] = {"month": model.month, **_where(model, row)}
        offers: dict[str, dict[str, float]] = {}
        if row.size:
            k = int(row[0])
            mode, minutes = int(model.posts.mode[k]), float(model.posts.commute_min[k])
            self.person = self.person or _person(model, k)
            today |= {"mode": MODES[mode], "minutes": minutes, **_legs(model, k, mode)}
            offers = _ways(model, row)
        self.life.append(today)
        self.ways.append(offers)

    def _day(self, model: ParkModel) -> None:
        """Note visits, requests and ties, before anybody decides to go."""
        row, posts = self._row(model), model.posts
        if not row.size:
            return
        k = int(row[0])
        self.life[-1] |= {
            "served": float(posts.served[k]),
            "unserved": float(posts.unserved[k]),
            "asked": bool(model.month and np.isin(k, asking.who_asks(model))),
            "ties": int(posts.ties[k]),
            "trust": float(posts.trust[k]),
        }
        self.queues += _queues(model, k)

    def _odds_of_quitting(self, model: ParkModel) -> None:
        row, middle = self._row(model), model.centre
        if not row.size or middle is None:
            return
        terms = staying.factors(model, row, middle)
        self.hazard.append(
            {
                "month": model.month,
                **{name: float(term[0]) for name, term in terms.items()},
                "hazard": float(staying.hazard(terms, middle)[0]),
                "u": float(staying.quit_draw(model, row)[0]),
            }
        )

    def _odds_of_moving(self, model: ParkModel) -> None:
        row = self._row(model)
        if not row.size or not self.hazard or self.hazard[-1]["month"] != model.month:
            return
        self.hazard[-1] |= {
            "odds_move": float(staying.move_odds(model, row)[0]),
            "u_move": float(staying.move_draw(model, row)[0]),
        }
        self.homes[model.month] = _homes(model, row)

    def _search(self, model: ParkModel) -> None:
        seekers = model.seekers
        mine = np.flatnonzero(seekers.identity == self.employee)
        on_the_job = np.isin(self._row(model), seekers.on_the_job[0]).any()
        self.life[-1]["applied"] = bool(np.isin(mine, hiring.applicants(model)).any() or on_the_job)

    def _evening(self, model: ParkModel) -> None:
        row = self._row(model)
        wish = int(model.posts.flat_wish[row[0]]) if row.size else -1
        waits_for = model.place.amenities[wish].name if wish >= 0 else ""
        self.at_end.append({**_where(model, row), "waits_for": waits_for})


# --- what is read off the model ------------------------------------------------------------------


def _person(model: ParkModel, row: int) -> dict[str, Any]:
    posts = model.posts
    needs = int(posts.needs[row])
    return {
        "age": round(float(posts.age[row]), 1),
        "education": EDUCATION[posts.education[row]],
        "wage_band": WAGE_BANDS[posts.wage_band[row]],
        "household": HOUSEHOLDS[posts.household[row]],
        "owns_home": bool(posts.owner[row]),
        "tied": bool(posts.tied[row]),
        "rotating": bool(posts.rotating[row]),
        "car": bool(posts.car[row]),
        "ebike": bool(posts.ebike[row]),
        "needs": tuple(name for bit, name in enumerate(_NAMES) if needs >> bit & 1),
    }


def _where(model: ParkModel, row: npt.NDArray[np.intp]) -> dict[str, str]:
    """Home and employer by name."""
    if not row.size:
        return {"home": "", "employer": ""}
    posts, firms = model.posts, model.firms
    k = int(row[0])
    flat, firm = int(posts.flat[k]), int(posts.firm[k])
    home = model.place.amenities[flat].name if flat >= 0 else model.spec.city.zones[posts.zone[k]].name
    anchor = int(firms.anchor[firm])
    named = [a.name for a in model.spec.enterprises.anchors]
    sector = list(model.spec.enterprises.sectors)[firms.sector[firm]]
    employer = named[anchor] if anchor >= 0 else f"{sector} firm {int(firms.identity[firm])}"
    return {"home": home, "employer": employer}


def _legs(model: ParkModel, row: int, mode: int) -> dict[str, float]:
    """Minutes of the way to work by a mode, leg by leg."""
    posts, place, state = model.posts, model.place, model.travel
    unit, flat = int(posts.unit[row]), int(posts.flat[row])
    building = int(place.unit_building[unit])
    out = dict.fromkeys(LEGS, 0.0)
    out["floors"] = float(state.up[building, posts.floor[row]])
    if flat >= 0:
        out["walk"] = float(place.walk[unit, flat] - place.floor_min[building])
        return out
    at = (mode, int(posts.zone[row]), building)
    j = place.journeys
    rows = np.array([row])
    out["school_run"] = float(travel.school_run(model, rows, np.array([building]))[0])
    out["ride"] = float(posts.spread[row]) * float(j.stretch[at])
    if not np.isfinite(j.fixed[at]):  # stranded: rides all the way where nothing runs
        out["ride"] = float(posts.commute_min[row]) - out["floors"] - out["school_run"]
        return out
    out["wait"], out["walk"], out["queue"] = float(j.wait[at]), float(j.walk[at]), float(state.lost[at])
    out["access"] = float(j.fixed[at]) - out["wait"] - out["walk"]
    return out


def _ways(model: ParkModel, row: npt.NDArray[np.intp]) -> dict[str, dict[str, float]]:
    """Return, by mode that the person may take, what each leg and the money add to its utility."""
    if model.posts.flat[row[0]] >= 0:
        return {}
    p = model.spec.parameters.travel
    constant = travel.constants(p)
    out = {}
    for way in travel.ways(model, row):
        if way.who.size and np.isfinite(way.utility[0]):
            legs = _legs(model, int(row[0]), way.mode)
            out[MODES[way.mode]] = {name: p.time_weight * minutes for name, minutes in legs.items()} | {
                "money": float(way.utility[0] - constant[way.mode] - p.time_weight * way.minutes[0]),
            }
    return out


def _queues(model: ParkModel, row: int) -> list[dict[str, Any]]:
    """Say what the person meets in each category needed, on working days."""
    posts, state, market = model.posts, model.services, model.place.market
    unit, needs = int(posts.unit[row]), int(posts.needs[row])
    served = state.served_rotating if posts.rotating[row] else state.served
    visits = visits_wanted(model.spec.needs)
    wait = market.at(state.wait)
    drawn = market.dense(market.shares(wait))[unit] * parts()[DAY][market.daypart, market.category]
    walk = market.dense(market.walk)[unit]
    out = []
    for c, name in enumerate(_NAMES):
        if not needs >> c & 1 or visits[c] <= 0:
            continue
        here = market.category == c
        weight = float(drawn[here].sum())
        share = float(served[unit, c])
        if name in ALLOTTED:
            share = float(getattr(posts, name)[row] >= 0)
        out.append(
            {
                "month": model.month,
                "category": name,
                "visits": float(visits[c]),
                "served": share,
                "walk_min": float((drawn * walk)[here].sum() / weight) if weight else np.nan,
                "wait_min": float((drawn * wait)[here].sum() / weight) if weight else np.nan,
            }
        )
    return out


def _homes(model: ParkModel, row: npt.NDArray[np.intp]) -> dict[str, float]:
    """Systematic utility of every home the person could move to."""
    posts, place = model.posts, model.place
    building = place.unit_building[posts.unit[row[0]]]
    utility = model.home_utility[int(posts.tied[row[0]])][:, building]
    out = {zone.name: float(u) for zone, u in zip(model.spec.city.zones, utility, strict=True)}
    for j in place.flats:
        flats = place.amenities[j]
        if place.usable[posts.unit[row[0]], j] and may_rent(model, row, flats)[0]:
            out[flats.name] = float(flat_utility(model, row, j)[0])
    return out


# --- where two lives part ------------------------------------------------------------------------


def _parting(a: _Watch, b: _Watch, months: int) -> Parting | None:
    """Find the first month in which the two lives differ, and what made them."""
    for month in range(months + 1):
        for compare in (_by_mode, _by_leaving, _by_home, _by_hire):
            found = compare(a, b, month)
            if found is not None:
                return found
    return None


def _by_mode(a: _Watch, b: _Watch, month: int) -> Parting | None:
    one, two = (str(watch.life[month]["home"]) for watch in (a, b))
    if one != two:  # nobody has moved since last month: a layout took homes away
        return Parting(month, "home", one, two, _terms({}), "offer", False, "home_gone", {})
    one, two = (str(watch.life[month].get("mode", "")) for watch in (a, b))
    if one == two or not one or not two:
        return None
    offers = [watch.ways[month] for watch in (a, b)]
    for mode, without in ((two, 0), (one, 1)):
        if mode not in offers[without]:
            facts = {"mode": mode, "where": without}
            return Parting(month, "mode", one, two, _terms({}), "offer", False, "no_choice", facts)
    gaps = {name: [o[two][name] - o[one][name] for o in offers] for name in (*LEGS, "money")}
    table = _terms(gaps)
    term, worth = _leading(table, 1)
    facts = {"worth": f"{worth:+.2f}", "total": f"{table['difference'].sum():+.2f}"}
    return Parting(month, "mode", one, two, table, term, False, "turned", facts)


def _by_leaving(a: _Watch, b: _Watch, month: int) -> Parting | None:
    causes = [_happened(watch, month, "leave") for watch in (a, b)]
    if bool(causes[0]) == bool(causes[1]):
        return None
    goes = 0 if causes[0] else 1
    one, two = (f"left ({cause})" if cause else "stayed" for cause in causes)
    if causes[goes] not in {staying.CAUSES[k] for k in staying.QUIT_CAUSES}:
        facts = {"causes": causes, "cause": causes[goes], "where": goes}
        return Parting(month, "leave", one, two, _terms({}), "", True, "not_chosen", facts)
    rows = [_at(watch.hazard, month) for watch in (a, b)]
    table = _terms({name: [math.log(max(row[name], 1e-300)) for row in rows] for name in TERMS})
    term, ratio = _leading(table, 1 if goes else -1)
    low, high = sorted(row["hazard"] for row in rows)
    draws = {"u": f"{rows[goes]['u']:.4f}", "low": f"{low:.4f}", "high": f"{high:.4f}"}
    facts = {"causes": causes, "factor": f"{math.exp(ratio):.3f}", **draws}
    return Parting(month, "quit", one, two, table, term, term == "wage", "hazard", facts)


def _by_home(a: _Watch, b: _Watch, month: int) -> Parting | None:
    ends = [watch.at_end[month] for watch in (a, b)]
    one, two = (end["home"] for end in ends)
    if one == two or not one or not two:
        return None
    rows = [_at(watch.hazard, month) for watch in (a, b)]
    moved = [row.get("u_move", 1.0) < row.get("odds_move", 0.0) for row in rows]
    if moved[0] != moved[1]:
        table = _terms({"rate of moving": [math.log(row["odds_move"]) for row in rows]})
        draws = {"u": f"{rows[0]['u_move']:.4f}"} | {
            key: f"{row['odds_move']:.4f}" for key, row in zip(("odds_base", "odds_other"), rows, strict=True)
        }
        facts = {"where": moved.index(True), **draws}
        return Parting(month, "home", one, two, table, "rate of moving", False, "moved", facts)
    homes = [watch.homes.get(month, {}) for watch in (a, b)]
    for home, here, without in ((one, 0, 1), (two, 1, 0)):
        if home not in homes[without]:
            facts = {"home": home, "where": here}
            return Parting(month, "home", one, two, _terms({}), "offer", False, "offered", facts)
    if not moved[0] or {end["waits_for"] for end in ends} & {one, two}:
        return Parting(month, "home", one, two, _terms({}), "", True, "flat_taken", {})
    table = _terms({"way to work": [utility[two] - utility[one] for utility in homes]})
    return Parting(month, "home", one, two, table, "way to work", False, "nearer", {})


def _by_hire(a: _Watch, b: _Watch, month: int) -> Parting | None:
    one, two = (watch.at_end[month]["employer"] for watch in (a, b))
    if one == two:
        return None
    applied = any(watch.life[month].get("applied", False) for watch in (a, b))
    reason = "applied" if applied else "post_open"
    return Parting(month, "hire", one, two, _terms({}), "", True, reason, {})


def _terms(values: dict[str, list[float]]) -> pd.DataFrame:
    """Tabulate terms in either scenario."""
    frame = pd.DataFrame.from_dict(values, orient="index", columns=["base", "other"], dtype=np.float64)
    frame["difference"] = frame["other"] - frame["base"]
    return frame.rename_axis("term")


def _leading(table: pd.DataFrame, sign: int) -> tuple[str, float]:
    """Return the term that does most in a direction, and what it does."""
    found = dict(zip(map(str, table.index), table["difference"].tolist(), strict=True))
    term = max(found, key=lambda name: sign * found[name])
    return term, found[term]


def _at(rows: list[dict[str, Any]], month: int) -> dict[str, Any]:
    return next((row for row in rows if row["month"] == month), {})


def _happened(watch: _Watch, month: int, kind: str) -> str:
    found = [str(e["detail"]) for e in watch.events if e["month"] == month and e["kind"] == kind]
    return found[0] if found else ""
