"""What rules of planning say about a scenario as drawn: pass, fail or not known, with the rule's source.

Nothing is played. A rule whose limit no source gives us is listed with its value and stays ``not known``: so does a
value that the file does not tell. Land and floor for support are what is drawn as ``service`` or ``housing``; places
inside workplaces have no floor of their own in a file, so that with them a floor share within its limit proves
nothing, while one beyond it fails all the same.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from parksim.scenario.categories import CATEGORIES, CIRCLE_PRESETS
from parksim.scenario.schema import BUILT, WORKPLACE
from parksim.scenario.standard import LINES, LISTS, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.schema import Layout, Scenario
    from parksim.world.place import Place

Status = Literal["pass", "fail", "not known"]

LAND, LAND_WITH_HOMES, FLOOR = 0.07, 0.15, 0.30
"""Largest shares for support in an industrial site: of land; of land where the rise goes to rental homes; of floor."""
STANDARD = "td-t-1062"
PER_THOUSAND = (
    "kindergarten",
    "school",
    "after_school",
    "clinic",
    "health_house",
    "canteen",
    "sports_hall",
    "library",
)
"""Categories whose places are counted per thousand employees."""

STAFF = 18
"""Community workers for each 10,000 residents of towns that the national plan wants by 2025."""
COMMUNITY_PLAN = "national plan of community services to 2025 (Guobanfa 2021 no. 56): 18 for 10,000 residents"
STANDARD_OF_TYPES = f"{SOURCE} (article 002)"
NOTICES = "notices of Fuzhou and Xiamen on industrial land"
NO_RULE = "no rule known to us"
OWN_CIRCLE, TD_T_1062 = "the scenario's own circle", "TD/T 1062-2021"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule held against one scenario.

    Attributes
    ----------
    rule : str
        What is looked at, as ``support_land`` or ``minutes_10min_pharmacy``.
    value : float
        What the scenario has; nan where it does not say, or has none.
    unit : str
    sense : str
        ``<=`` where the limit is the most that is allowed, ``>=`` where it is the least; empty without a limit.
    limit : float
        nan where no source gives one.
    status : str
        ``pass``, ``fail`` or ``not known``.
    source, grade : str
        Where the limit comes from, and how sure it is (A, B, C, assumed; empty without a rule).
    note : str
        What one has to know to read it.
    circle, category : str
        Of a walk.
    """

    rule: str
    value: float
    unit: str
    sense: str
    limit: float
    status: Status
    source: str
    grade: str
    note: str = ""
    circle: str = ""
    category: str = ""


def check(scenario: Scenario | str, *, month: int | None = None) -> pd.DataFrame:
    """Hold a scenario against rules of planning.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or its name or file.
    month : int, optional
        With what has opened by this month; by default when all its interventions are done.

    Returns
    -------
    DataFrame
        A row a rule, columns as :class:`Finding` has them: support land and floor (grade B), walking minutes
        from the farthest desk against the circles of TD/T 1062 and the scenario's own, without limits places per
        thousand employees and jobs per home, staff of the social-work station, and the standard's lists of
        services and Xingguang's six lines, each with at least one place.
    """
    from parksim.world.place import Place  # noqa: PLC0415  (walks take scipy)

    if isinstance(scenario, str):
        from parksim.scenario.read import load  # noqa: PLC0415  (not needed for Scenario objects)

        scenario = load(scenario)
    layout = layout_in(scenario, month)
    place = Place(scenario, layout)
    found = [
        *_support(layout, place),
        *_minutes(scenario, layout, place),
        *_per_thousand(scenario, layout),
        _jobs_per_home(scenario, layout),
        _social_work(scenario, layout),
        *_services(layout),
    ]
    return pd.DataFrame([asdict(one) for one in found])


def layout_in(scenario: Scenario, month: int | None = None) -> Layout:
    """Return a scenario's layout with the interventions that have opened by a month, or with all."""
    from parksim.interventions import kinds  # noqa: PLC0415  (kinds import the schema)

    known = kinds()
    layout = scenario.layout
    for item in sorted(scenario.interventions, key=lambda i: i.month + i.build_months):
        if month is None or item.month + item.build_months <= month:
            layout = known[item.kind].apply(layout, item)
    return layout


def _support(layout: Layout, place: Place) -> Iterator[Finding]:
    """Shares of land and floor for services and homes."""
    drawing = layout.map
    cells: dict[str, float] = dict.fromkeys(("land", "service", "housing"), 0.0)
    floor = dict.fromkeys((*BUILT,), 0.0)
    for key in "".join(drawing.rows):
        symbol = drawing.legend[key]
        public_road = symbol.use == "road" and symbol.road == "main"
        cells["land"] += symbol.use not in ("outside", "water") and not public_road
        if symbol.use in ("service", "housing"):
            cells[symbol.use] += 1
        if symbol.use in BUILT:
            floor[symbol.use] += drawing.cell_m**2 * symbol.built * symbol.floors
    services, homes = (cells[use] / max(cells["land"], 1) for use in ("service", "housing"))
    let = any(a.category == "flats" and a.outside is None for a in layout.amenities)
    note = f"{100 * services:.1f} % services, {100 * homes:.1f} % homes; main roads and water do not count as land"
    total = services + homes
    limit = LAND_WITH_HOMES if homes and let and services <= LAND + _ROUNDING else LAND
    status = _within(total, limit)
    if status == "fail" and homes and not let and services <= LAND and total <= LAND_WITH_HOMES:
        status, note = "not known", f"{note}; 15 % are allowed if the homes are to let: the file does not say"
    yield Finding("support_land", total, "share", "<=", limit, status, NOTICES, "B", note)

    share = (floor["service"] + floor["housing"]) / max(sum(floor.values()), 1)
    status, inside = _within(share, FLOOR), _inside_workplaces(layout, place)
    note = ""
    if inside:
        note = f"{inside} places inside workplaces are not in it: the file does not say their floor"
        status = "not known" if status == "pass" else status
    yield Finding("support_floor", share, "share", "<=", FLOOR, status, NOTICES, "B", note)


def _inside_workplaces(layout: Layout, place: Place) -> int:
    here = [place.amenity_place(a) for a in layout.amenities if a.outside is None]
    return sum(1 for k in here if k < len(place.buildings) and place.buildings[k].use in WORKPLACE)


def _minutes(scenario: Scenario, layout: Layout, place: Place) -> Iterator[Finding]:
    """Walk to the nearest place of each category that those at a desk may use, against the circles."""
    people = desks(scenario, place)
    preset = CIRCLE_PRESETS[STANDARD]
    promised = {(minutes, c) for minutes, categories in preset.values() for c in categories}
    for circle, (minutes, categories) in preset.items():
        for category in categories:
            note = "the standard speaks of homes; the category's circle is ours"
            yield _walk(place, people, circle, category, minutes, (TD_T_1062, "A", note))
    source = scenario.sources.get("circles")
    for name, own in layout.circles.items():
        for category in own.categories:
            if (own.minutes, category) not in promised:
                told = (OWN_CIRCLE, source.grade if source else "", "")
                yield _walk(place, people, name, category, own.minutes, told)


def _walk(
    place: Place, people: np.ndarray, circle: str, category: str, minutes: float, told: tuple[str, str, str]
) -> Finding:
    source, grade, note = told
    mine = place.category == list(CATEGORIES).index(category)
    walk = np.where(place.usable[:, mine], place.walk[:, mine], np.inf).min(axis=1, initial=np.inf)
    there = people > 0
    far = float(walk[there].max(initial=0.0))
    within = float(people[walk <= minutes + _ROUNDING].sum() / people.sum())
    without = float(people[np.isinf(walk)].sum() / people.sum())
    parts = [f"{100 * within:.0f} % of the desks within"]
    if without:
        parts.append(
            "no such place" if not mine.any() else f"none that {100 * without:.0f} % of the desks may use"
        )
    parts += [note] if note else []
    return Finding(
        f"minutes_{circle}_{category}",
        far if math.isfinite(far) else math.nan,
        "min",
        "<=",
        minutes,
        _within(far, minutes),
        source,
        grade,
        "; ".join(parts),
        circle,
        category,
    )


def desks(scenario: Scenario, place: Place) -> np.ndarray:
    """Return employees by desk place, [unit]: anchors in their blocks, all others by the floor these leave.

    A stand-in for who would move in where in a run, by floor area alone.
    """
    m2 = np.array([b.m2 if b.workplace else 0.0 for b in place.buildings])
    people = np.zeros(place.unit_building.size)
    free = m2.copy()
    for k, one in enumerate(scenario.enterprises.anchors):
        mine = place.unit_anchor == k
        floor = m2[place.unit_building[mine]]
        people[mine] = one.employees * floor / max(floor.sum(), 1.0)
        free[place.unit_building[mine]] -= people[mine] * scenario.parameters.enterprises.m2_per_worker
    others = place.unit_anchor < 0
    room = np.maximum(free, 0.0)[place.unit_building[others]]
    people[others] = (scenario.population.employees - people.sum()) * room / max(room.sum(), 1.0)
    return people


def _per_thousand(scenario: Scenario, layout: Layout) -> Iterator[Finding]:
    for category in PER_THOUSAND:
        here = [a.capacity for a in layout.amenities if a.category == category]
        value = 1000 * sum(here) / scenario.population.employees
        note = f"{sum(here):g} places in {len(here)}, those listed outside the park included"
        if CATEGORIES[category].allotted:
            note += "; places a year"
        yield Finding(f"places_{category}", value, "per 1,000", "", math.nan, "not known", NO_RULE, "", note)


def _jobs_per_home(scenario: Scenario, layout: Layout) -> Finding:
    flats = sum(a.capacity for a in layout.amenities if a.category == "flats" and a.outside is None)
    value = scenario.population.employees / flats if flats else math.nan
    note = f"{flats:g} flats of the park" if flats else "no flats of the park"
    return Finding("jobs_per_home", value, "ratio", "", math.nan, "not known", NO_RULE, "", note)


def _social_work(scenario: Scenario, layout: Layout) -> Finding:
    """Staff per 10,000 employees; the only yardstick known is one for residents, held against employees by us."""
    staff, people = layout.governance.social_work_staff, scenario.population.employees
    if staff is None:
        desks_ = sum(
            a.capacity for a in layout.amenities if a.category == "public_service" and a.outside is None
        )
        note = (
            "the file does not say it (governance.social_work_staff); counters for public services: "
            f"{10_000 * desks_ / people:.1f} per 10,000"
        )
        return Finding(
            "social_work_staff", math.nan, "per 10,000", ">=", STAFF, "not known", COMMUNITY_PLAN, "B", note
        )
    value = 10_000 * staff / people
    note = "written for residents of towns; that employees count like residents is ours"
    status: Status = "pass" if value >= STAFF - _ROUNDING else "fail"
    return Finding("social_work_staff", value, "per 10,000", ">=", STAFF, status, COMMUNITY_PLAN, "B", note)


def _services(layout: Layout) -> Iterator[Finding]:
    """Whether each item of the three lists and each of the six lines is offered at all."""
    asked = {f"list_{name}_{item}": s for name, items in LISTS.items() for item, s in items.items()}
    asked |= {f"line_{name}": s for name, s in LINES.items()}
    for rule, service in asked.items():
        number = service.offered(layout)
        note = f"{service.en} {service.zh}; which kinds of places serve it is ours"
        status: Status = "pass" if number else "fail"
        yield Finding(rule, number, "places", ">=", 1, status, STANDARD_OF_TYPES, "B", note)


def _within(value: float, limit: float) -> Status:
    return "pass" if value <= limit + _ROUNDING else "fail"
