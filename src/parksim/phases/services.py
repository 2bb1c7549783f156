"""Services: visits of the representative days, their queues, and who is turned away.

Shares, loads and waits follow place by place from a logit choice among what is open, reachable and allowed
(:mod:`parksim.world.market`); expected wait and demand agree at a fixed point. Places in a class are given
out, not queued for. Every visit wanted ends in one of four ways: **served**; **refused**, because more people
come than the place can serve before it closes; **gave up**, because the wait grew beyond one's patience; or
**not attempted**, because nothing within reach was open, allowed and worth the walk. Single visits are drawn
when somebody asks for them (:func:`sample_visits`), always the same ones for the same month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim import cores
from parksim.bits import Sums, count_by_needs
from parksim.chance import combine, name_code
from parksim.matching import cross_table
from parksim.people import ALLOTTED, NOT_WAITING, bits_of, visits_wanted
from parksim.scenario.categories import CATEGORIES, DAYPARTS, WEEKEND
from parksim.world.market import DAY, NIGHT, parts

if TYPE_CHECKING:
    import pandas as pd

    from parksim.model import ParkModel
    from parksim.world.market import Market, Settled

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

OUTCOMES = ("served", "refused", "gave_up", "not_attempted")
CANDIDATES = 8
"""Places that a single visit is drawn among."""

_NAMES = list(CATEGORIES)
_QUEUED = np.array([not kind.allotted for kind in CATEGORIES.values()])
_SOCIAL = np.array([kind.social for kind in CATEGORIES.values()])
_YEARLY = ("kindergarten", "school")
_SEPTEMBER = 9
_WEEKEND = np.array([kind.weekend for kind in CATEGORIES.values()])
_DAYS_IN_MONTH = 365.25 / 12


def _none() -> Floats:
    return np.empty(0)


@dataclass
class ServiceState:
    """What services remember from month to month.

    Attributes
    ----------
    wait : float array [daypart, amenity]
        Expected minutes in the queue.
    load : float array [daypart, amenity]
        Visits a day, outsiders included.
    demand : float array [unit, category]
        Visits a month wanted by the people who are there: at their desks, and at home on days off.
    served : float array [unit, category]
        Share of the visits wanted on working days that are served at all.
    served_rotating : float array [unit, category]
        The same for those who work nights in some weeks.
    served_weekend : float array [unit, category]
        The same for days off, by the place of the home.
    served_in : dict of circle to float array [unit, category]
        Share of `demand` that ends within the circle's minutes, walk plus wait.
    met : float array [unit, category]
        Share of visits on working days spent among people of other firms.
    met_at : float array [unit, amenity]
        The same by place.
    demanded : float array [category]
        Visits a month wanted.
    asked, refused, gave_up : float arrays [daypart, amenity]
        Visits a month by employees: those who came, and of them those who left unserved.
    residual_min : float
        Largest group's mean of the difference between the wait assumed and the wait that follows.
    codes : uint64 array [amenity]
        Which places the arrays speak of.
    """

    wait: Floats
    load: Floats
    demand: Floats = field(default_factory=_none)
    served: Floats = field(default_factory=_none)
    served_rotating: Floats = field(default_factory=_none)
    served_weekend: Floats = field(default_factory=_none)
    served_in: dict[str, Floats] = field(default_factory=dict)
    met: Floats = field(default_factory=_none)
    met_at: Floats = field(default_factory=_none)
    demanded: Floats = field(default_factory=_none)
    asked: Floats = field(default_factory=_none)
    refused: Floats = field(default_factory=_none)
    gave_up: Floats = field(default_factory=_none)
    residual_min: float = 0.0
    codes: npt.NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))


def play(model: ParkModel) -> None:
    """Allot places, send the day's visits, and note whose were not served."""
    known = model.services.codes
    cores.together(int(model.posts.filled.sum()), lambda: visit(model), lambda: allot(model, known))
    _count_allotted(model)
    _remember(model)


# --- visits by place -----------------------------------------------------------------------------


def visit(model: ParkModel) -> None:
    """Find loads and waits at which demand and expected wait agree, and what comes of the visits."""
    place, state = model.place, model.services
    market, amenities = place.market, len(place.amenities)
    monthly = wanted(model)
    days = days_a_month(model)
    daily = monthly[market.group_daypart, :, market.group_category].T / days[market.group_daypart]
    if not np.array_equal(state.codes, place.code):
        _carry(state, place.code)
    settled = market.settle(daily, market.at(state.wait))
    state.residual_min, state.codes = settled.residual_min, place.code
    state.wait = market.spread(settled.wait, amenities)
    state.load = market.spread(settled.load, amenities)

    kept = market.kept(settled.load)
    full = np.minimum(1 - kept, market.full(settled.load))
    staff = settled.staff * days[market.daypart]
    state.asked = market.spread(staff, amenities)
    state.refused = market.spread(staff * full, amenities)
    state.gave_up = market.spread(staff * (1 - kept - full), amenities)
    state.demand = monthly.sum(axis=0)
    state.demanded = state.demand.sum(axis=0)

    day, night = parts()[DAY], rotating_parts(model)
    taken = settled.share * kept[market.pair]
    served = market.by_daypart(taken)
    state.served = np.round((day[:, None] * served).sum(axis=0), 6)
    state.served_rotating = np.round((night[:, None] * served).sum(axis=0), 6)
    state.served_weekend = np.round(served[WEEKEND], 6)
    state.served_in = {
        name: served_within(model, circle.minutes, circle.categories, (monthly, settled.wait, taken))
        for name, circle in model.layout.circles.items()
    }
    met = taken * _among_others(model, market, daily, settled)
    state.met = (day[:, None] * market.by_daypart(met)).sum(axis=0)
    state.met_at = market.by_amenity(met * day[market.daypart, market.category][market.pair], amenities)


def days_a_month(model: ParkModel) -> Floats:
    """Days a month of each daypart: working days, or days off."""
    days = np.full(len(DAYPARTS), model.spec.parameters.services.days_per_month)
    days[WEEKEND] = _DAYS_IN_MONTH - days[0]
    return days


def rotating_parts(model: ParkModel) -> Floats:
    """Return the share of rotating workers' visits in each daypart of working days, [daypart, category]."""
    nights = model.spec.parameters.services.night_share
    mixed: Floats = (1 - nights) * parts()[DAY] + nights * parts()[NIGHT]
    return mixed


def wanted(model: ParkModel) -> Floats:
    """Visits a month wanted now, [daypart, unit, category].

    Those who live in the park make part of their visits on days off, from home.
    """
    posts, units = model.posts, len(model.place.unit_building)
    visits = visits_wanted(model.spec.needs)
    rows = np.flatnonzero(posts.filled)
    rotating = posts.rotating[rows]

    def count(who: Rows, where: npt.NDArray[np.integer]) -> Floats:
        return count_by_needs(where, posts.needs[who], units, len(_NAMES), model.presence(who)) * visits

    out = np.zeros((len(DAYPARTS), units, len(_NAMES)))
    for turns, part in ((False, parts()[DAY]), (True, rotating_parts(model))):
        who = rows[rotating == turns]
        if who.size == 0:
            continue
        at_desk = count(who, posts.unit[who])
        at_home = who[posts.flat[who] >= 0]
        if at_home.size:
            at_desk -= _WEEKEND * count(at_home, posts.unit[at_home])
            out[WEEKEND] += _WEEKEND * count(at_home, home_unit(model, at_home))
        out += at_desk * part[:, None]
    return out


def home_unit(model: ParkModel, rows: Rows) -> Rows:
    """Return the unit of the building of somebody's flat; the desk's where flats stand outside buildings."""
    posts, place = model.posts, model.place
    home = place.home_building[posts.flat[rows]]
    return np.where(home >= 0, home, posts.unit[rows])


def served_within(
    model: ParkModel,
    minutes: float,
    categories: tuple[str, ...],
    known: tuple[Floats, Floats, Floats] | None = None,
) -> Floats:
    """Share of the visits wanted that end within some minutes, walk plus wait, [unit, category].

    The wait of one visit that is served is taken to be exponential around the expected wait w, cut off at the
    visitors' patience: P(W <= t) = (1 - e^(-t/w)) / (1 - e^(-patience/w)). That is exact for a busy M/M/c;
    where some find a free server at once it is a little too kind to the others.

    Parameters
    ----------
    model : ParkModel
    minutes : float
        Of the circle.
    categories : tuple of str
        Which columns to fill; the others stay 0. Allotted categories have no queue and stay 0.
    known : tuple, optional
        This month's visits wanted, waits [pair] and shares of visits that are served [link], where the caller has
        them.
    """
    place = model.place
    market = place.market
    if known is None:
        monthly, settled, kept = _now(model)
        known = monthly, settled.wait, settled.share * kept[market.pair]
    monthly, wait, taken = known
    near, cells = market.within(minutes, categories)
    pair = market.pair[near]
    wait, patience = np.maximum(wait, 1e-6), market.patience
    at_most = np.expm1(-patience / wait)  # minus the share that begins within one's patience
    quick = np.expm1(-np.minimum(minutes - market.walk[near], patience[pair]) / wait[pair]) / at_most[pair]
    ends = market.by_daypart(taken[near] * quick, cells)
    total = monthly.sum(axis=0)
    mean = np.divide((monthly * ends).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    usual = (parts()[DAY][:, None] * ends).sum(axis=0)
    return np.asarray(np.round(np.where(total > 0, mean, usual), 6))


def _now(model: ParkModel) -> tuple[Floats, Settled, Floats]:
    """Work this month's shares out again from the waits that were kept."""
    from parksim.world.market import Settled  # noqa: PLC0415

    market, state = model.place.market, model.services
    wait, load = market.at(state.wait), market.at(state.load)
    settled = Settled(wait, market.shares(wait), load - market.outside, load, state.residual_min, 0)
    return wanted(model), settled, market.kept(load)


def _among_others(model: ParkModel, market: Market, daily: Floats, settled: Settled) -> Floats:
    """Share of the people at each pair who are employees of other firms than a visitor's, [link]."""
    posts, units = model.posts, len(model.place.unit_building)
    rows = np.flatnonzero(posts.filled)
    staff = cross_table(posts.firm[rows], posts.unit[rows], (max(len(model.firms), 1), units))
    here = np.maximum(staff.sum(axis=0), 1.0)
    # of two people, one of unit a and one of unit b, so many have one employer: pairs / (people here * there)
    pairs = staff.T @ staff
    flow = market.wanted(daily) * settled.share / here[market.unit]
    colleagues = market.across(pairs, flow) / here[market.unit]
    others = settled.staff[market.pair] - colleagues
    return np.asarray(others / np.maximum(settled.load, 1e-12)[market.pair])


def _carry(state: ServiceState, codes: npt.NDArray[np.uint64]) -> None:
    """Keep the waits of the amenities that are still there as the start of the search."""
    wait = np.zeros((len(DAYPARTS), len(codes)))
    old = {int(code): i for i, code in enumerate(state.codes)}
    for j, code in enumerate(codes):
        if int(code) in old:
            wait[:, j] = state.wait[:, old[int(code)]]
    state.wait = wait


# --- places that are allotted --------------------------------------------------------------------


def allot(model: ParkModel, known: npt.NDArray[np.uint64] | None = None) -> None:
    """Give places in kindergarten, school and class to those on the waiting list.

    Whoever holds a place keeps it as long as it is needed, exists and may be used. At its intake a place gives
    away what is free: everybody waiting asks at the nearest place within reach, then, where that is full, at
    the next. A place takes the staff of its owner first, then by its rule of priority; the lot that settles
    the rest belongs to (person, place, month), so nobody's luck depends on the order of rows.

    Parameters
    ----------
    model : ParkModel
    known : array of uint64, optional
        Codes of the places that were there last month; by default those whose queues are known.
    """
    posts, place = model.posts, model.place
    known = model.services.codes if known is None else known
    parents = np.flatnonzero(posts.filled & ((posts.needs & bits_of(ALLOTTED)) != 0))
    for name in ALLOTTED:
        column, bit = getattr(posts, name), bits_of((name,))
        seats = place.seats[name]
        held = np.flatnonzero(column >= 0)
        lost = (place.category[column[held]] != _NAMES.index(name)) | ((posts.needs[held] & bit) == 0)
        lost[~lost] = ~place.usable[posts.unit[held[~lost]], column[held[~lost]]]
        column[held[lost]] = -1
        taken = np.bincount(column[held[~lost]], minlength=len(place.amenities))
        room = {j: int(place.amenities[j].capacity) - int(taken[j]) for j in seats.amenity}
        for j in (
            j for j in seats.amenity if room[j] < 0
        ):  # a place that shrank keeps those with the best lots
            column[_by_lot(model, j, np.flatnonzero(posts.filled & (column == j)))[room[j] :]] = -1
        waiting = parents[((posts.needs[parents] & bit) != 0) & (column[parents] < 0)]
        since = getattr(posts, f"{name}_wait")
        now = np.full_like(since, NOT_WAITING)
        now[waiting] = np.where(since[waiting] == NOT_WAITING, model.month, since[waiting])
        since[:] = now
        if waiting.size == 0 or max(room.values(), default=0) <= 0:
            continue
        for k in range(seats.reached.max(initial=0)):
            waiting = waiting[(column[waiting] < 0) & (seats.reached[posts.unit[waiting]] > k)]
            asks = seats.nearest[posts.unit[waiting], k]
            for i in np.unique(asks):
                j = seats.amenity[i]
                if room[j] > 0 and takes_in(model, j, known):
                    taken_now = _by_lot(model, j, waiting[asks == i])[: room[j]]
                    column[taken_now] = j
                    room[j] -= taken_now.size


def takes_in(model: ParkModel, amenity: int, known: npt.NDArray[np.uint64]) -> bool:
    """Say whether a place gives away its free places this month: at its opening, in September, or always."""
    a = model.place.amenities[amenity]
    intake = a.intake or ("yearly" if a.category in _YEARLY else "anytime")
    opens = model.place.code[amenity] not in known
    calendar = (model.spec.start.calendar_month - 1 + model.month - 1) % 12 + 1
    return intake == "anytime" or opens or calendar == _SEPTEMBER


def _by_lot(model: ParkModel, amenity: int, rows: Rows) -> Rows:
    """Order people by who is admitted first: the owner's staff, then by the place's priority, then by lot."""
    place, posts = model.place, model.posts
    a = place.amenities[amenity]
    keys = [model.chance.uniform(f"allot/{a.name}", model.month, posts.identity[rows])]
    if a.priority != "lottery":
        keys.append(getattr(posts, f"{a.category}_wait")[rows])
    if a.priority == "low_wage":
        keys.append(posts.wage_band[rows])
    return rows[np.lexsort((*keys, ~place.owns[posts.unit[rows], amenity]))]


def _count_allotted(model: ParkModel) -> None:
    """Enter the visits to allotted places into the month's account: refused are those who asked in vain."""
    posts, place, state = model.posts, model.place, model.services
    visits = visits_wanted(model.spec.needs)
    parents = np.flatnonzero(posts.filled & ((posts.needs & bits_of(ALLOTTED)) != 0))
    for name in ALLOTTED:
        seats = place.seats[name]
        if not seats.amenity:
            continue
        c = _NAMES.index(name)
        daypart = int(np.argmax(parts()[DAY][:, c]))
        wants = parents[(posts.needs[parents] & bits_of((name,))) != 0]
        held = getattr(posts, name)[wants]
        unit = posts.unit[wants]
        in_vain = (held < 0) & (seats.reached[unit] > 0)
        first = np.array(seats.amenity)[seats.nearest[unit, 0]]
        count = len(place.amenities)
        refused = visits[c] * np.bincount(first[in_vain], minlength=count)
        state.refused[daypart] += refused
        state.asked[daypart] += refused + visits[c] * np.bincount(held[held >= 0], minlength=count)


# --- what is remembered --------------------------------------------------------------------------


def _remember(model: ParkModel) -> None:
    """Note each person's share of wanted visits that were served, how many were not, and whom they met."""
    posts, state = model.posts, model.services
    filled = np.flatnonzero(posts.filled)
    visits = np.where(_QUEUED, visits_wanted(model.spec.needs), 0.0)
    all_wanted = Sums(visits[None, :])
    by_day = Sums(np.stack([visits * state.served, visits * state.met * _SOCIAL]))
    by_turns = Sums(visits * state.served_rotating)
    at_home = Sums(_WEEKEND * visits * state.served_weekend)
    away = [Sums((1 - _WEEKEND) * visits * served) for served in (state.served, state.served_rotating)]

    def remember(now: slice) -> None:
        rows = filled[now]
        unit, needs, flat, rotating = (
            posts.unit[rows],
            posts.needs[rows],
            posts.flat[rows],
            posts.rotating[rows],
        )
        demand = all_wanted(np.zeros_like(unit), needs)
        got, meetings = by_day(unit, needs)
        turns = np.flatnonzero(rotating)
        got[turns] = by_turns(unit[turns], needs[turns])
        for in_turns, at_desk in enumerate(away):
            at = np.flatnonzero((flat >= 0) & (rotating == in_turns))
            got[at] = at_desk(unit[at], needs[at])
            got[at] += at_home(home_unit(model, rows[at]), needs[at])
        there = model.presence(rows)
        if there is not None:
            demand, got, meetings = demand * there, got * there, meetings * there
        posts.unserved[rows] = np.maximum(demand - got, 0.0)
        posts.served[rows] = np.divide(got, demand, out=np.ones_like(got), where=demand > 0)
        posts.meetings[rows] = meetings

    cores.each(remember, filled.size)


def unmet(model: ParkModel) -> Floats:
    """Return the visits a month wanted and not served, [unit, category]; if allotted, without a place."""
    posts, state = model.posts, model.services
    out = unmet_by_daypart(model).sum(axis=0)
    visits = visits_wanted(model.spec.needs)
    for name in ALLOTTED:
        c = _NAMES.index(name)
        without = posts.filled & ((posts.needs & bits_of((name,))) != 0) & (getattr(posts, name) < 0)
        out[:, c] = visits[c] * np.bincount(posts.unit[without], minlength=len(state.served))
    return np.asarray(out)


def unmet_by_daypart(model: ParkModel) -> Floats:
    """Return the visits a month wanted and not served, [daypart, unit, category]; none of what is allotted."""
    monthly, settled, kept = _now(model)
    market = model.place.market
    out = monthly * (1 - market.by_daypart(settled.share * kept[market.pair]))
    out[..., ~_QUEUED] = 0.0
    return np.asarray(out)


def account(model: ParkModel) -> pd.DataFrame:
    """Return what came of this month's visits by employees: index ``category``, all in visits a month.

    Columns ``demanded`` and the four :data:`OUTCOMES`, which sum to it.
    """
    import pandas as pd  # noqa: PLC0415

    state, category = model.services, model.place.category
    asked, refused, gave_up = (
        np.bincount(category, weights=array.sum(axis=0), minlength=len(_NAMES))
        if len(category)
        else np.zeros(len(_NAMES))
        for array in (state.asked, state.refused, state.gave_up)
    )
    return pd.DataFrame(
        {
            "demanded": state.demanded,
            "served": asked - refused - gave_up,
            "refused": refused,
            "gave_up": gave_up,
            "not_attempted": state.demanded - asked,
        },
        index=pd.Index(_NAMES, name="category"),
    )


def account_by_amenity(model: ParkModel) -> pd.DataFrame:
    """Return what came of the visits that employees made to each place this month.

    Index ``amenity``; columns ``category``, ``asked`` (visits a month), ``served``, ``refused``, ``gave_up``
    and ``wait_min`` (mean over the visits, outsiders' included).
    """
    import pandas as pd  # noqa: PLC0415

    state, amenities = model.services, model.place.amenities
    asked, refused, gave_up = (a.sum(axis=0) for a in (state.asked, state.refused, state.gave_up))
    load = state.load.sum(axis=0)
    return pd.DataFrame(
        {
            "category": [a.category for a in amenities],
            "asked": asked,
            "served": asked - refused - gave_up,
            "refused": refused,
            "gave_up": gave_up,
            "wait_min": (state.wait * state.load).sum(axis=0) / np.maximum(load, 1e-12),
        },
        index=pd.Index([a.name for a in amenities], name="amenity"),
    )


# --- single visits -------------------------------------------------------------------------------


def truncated_share(model: ParkModel) -> float:
    """Return the share of attempted visits that go to places beyond the :data:`CANDIDATES` likeliest."""
    market = model.place.market
    monthly, settled, _ = _now(model)
    demand = monthly[market.group_daypart, :, market.group_category].T
    going = market.dense(settled.share)
    total = float((demand[:, market.group] * going).sum())
    beyond = 0.0
    for g, pairs in enumerate(_pairs_of_groups(market)):
        if len(pairs) > CANDIDATES:
            share = np.sort(going[:, pairs], axis=1)[:, : len(pairs) - CANDIDATES]
            beyond += float(demand[:, g] @ share.sum(axis=1))
    return beyond / total if total > 0 else 0.0


def sample_visits(model: ParkModel, rows: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Draw the single visits that people wanted to make this month.

    A visit is drawn among the :data:`CANDIDATES` likeliest places and going without, at the shares of the
    desk place (of the home on days off). Which place somebody chooses belongs to (person, place, daypart,
    month), how a visit ends also to its number: whoever asks, and for whom else, the visits are the same.

    Parameters
    ----------
    model : ParkModel
    rows : array_like of int, optional
        Rows of the posts' table; by default everybody employed.

    Returns
    -------
    DataFrame
        A row a visit: ``identity``, ``category``, ``daypart``, ``amenity`` ("" where not attempted), ``walk``
        and ``wait`` in minutes, and ``outcome``, one of :data:`OUTCOMES`; who gave up waited as long as his
        patience. ``attrs["truncated_share"]`` is the share of visits that go elsewhere than to the candidates
        in the place-level results.
    """
    import pandas as pd  # noqa: PLC0415

    posts, place, market = model.posts, model.place, model.place.market
    who = np.flatnonzero(posts.filled) if rows is None else np.asarray(rows, dtype=np.intp)
    who = who[posts.filled[who]]
    _, settled, kept = _now(model)
    full = np.minimum(1 - kept, market.full(settled.load))
    visits = visits_wanted(model.spec.needs)
    groups, going = _pairs_of_groups(market), market.dense(settled.share)
    walk = market.dense(market.walk)
    by_cell: dict[tuple[int, int], list[int]] = {}
    for g in range(len(groups)):
        by_cell.setdefault((int(market.group_daypart[g]), int(market.group_category[g])), []).append(g)
    turns, resident = posts.rotating[who], posts.flat[who] >= 0
    home = home_unit(model, who) if place.amenities else posts.unit[who]
    night = rotating_parts(model)
    names = np.array([*(a.name for a in place.amenities), ""], dtype=object)
    frames: list[pd.DataFrame] = []
    for d, daypart in enumerate(DAYPARTS):
        for c, category in enumerate(_NAMES):
            off = d == WEEKEND
            part = _WEEKEND[c] * resident if off else np.where(turns, night[d, c], parts()[DAY][d, c])
            if not off:
                part = part * (1 - _WEEKEND[c] * resident)
            wants = (posts.needs[who] >> np.uint32(c) & np.uint32(1)).astype(bool) & (part > 0) & _QUEUED[c]
            some = np.flatnonzero(wants)
            if some.size == 0:
                continue
            ids = posts.identity[who[some]]
            often = visits[c] * part[some]
            tell = f"visit/{category}/{daypart}"
            times = np.floor(often + model.chance.uniform(f"{tell}/number", model.month, ids)).astype(int)
            some, ids, times = some[times > 0], ids[times > 0], times[times > 0]
            where = (home if off else posts.unit[who])[some]
            pairs = np.concatenate(
                [np.empty(0, dtype=np.intp), *(groups[g] for g in by_cell.get((d, c), []))]
            )
            pair = _choose(model, tell, ids, where, pairs, going)
            terms = (settled.wait, kept, full, walk)
            frames.append(_visits(model, tell, (d, c), ids, where, times, pair, terms, names))
    out = (
        pd.concat(frames, ignore_index=True)
        if frames
        else pd.DataFrame(columns=["identity", "category", "daypart", "amenity", "walk", "wait", "outcome"])
    )
    out.attrs["truncated_share"] = truncated_share(model)
    return out


def _pairs_of_groups(market: Market) -> list[Rows]:
    return np.split(np.arange(len(market.group)), market.start[1:]) if len(market.group) else []


def _choose(model: ParkModel, tell: str, ids: Any, where: Any, pairs: Rows, share: Floats) -> Rows:
    """Return the pair each person chooses, -1 for none: an exponential race among the likeliest few."""
    if pairs.size == 0:
        return np.full(len(ids), -1, dtype=np.intp)
    market, place = model.place.market, model.place
    mine = share[:, pairs]
    forgo = np.maximum(1 - mine.sum(axis=1), 1e-12)
    best = np.argsort(-mine, axis=1, kind="stable")[:, :CANDIDATES]
    odds = np.take_along_axis(mine, best, axis=1)
    odds *= ((1 - forgo) / np.maximum(odds.sum(axis=1), 1e-300))[:, None]
    pair = pairs[best[where]]
    without = np.full((len(ids), 1), name_code("go without"), dtype=np.uint64)
    codes = np.concatenate([place.code[market.amenity[pair]], without], axis=1)
    chance = np.concatenate([odds[where], forgo[where][:, None]], axis=1)
    race = model.chance.exponential(tell, model.month, combine(np.repeat(ids, codes.shape[1]), codes.ravel()))
    with np.errstate(divide="ignore"):
        first = np.argmin(race.reshape(codes.shape) / chance, axis=1)
    chosen = np.append(pair, np.full((len(ids), 1), -1), axis=1)
    return np.asarray(chosen[np.arange(len(ids)), first])


def _visits(
    model: ParkModel,
    tell: str,
    when: tuple[int, int],
    ids: Any,
    where: Any,
    times: Any,
    pair: Rows,
    terms: tuple[Floats, Floats, Floats, Floats],
    names: Any,
) -> pd.DataFrame:
    """Draw how each visit ends."""
    import pandas as pd  # noqa: PLC0415

    market = model.place.market
    wait, kept, full, minutes_there = terms
    at = np.repeat(np.arange(len(ids)), times)
    number = np.arange(at.size) - np.repeat(np.cumsum(times) - times, times)
    visit_ids = combine(ids[at], number.astype(np.uint64)) if at.size else ids[at]
    goes, chosen = pair[at] >= 0, np.maximum(pair[at], 0)
    u = model.chance.uniform(f"{tell}/end", model.month, visit_ids)
    if len(kept):
        served, turned = kept[chosen], full[chosen]
        mean, patience = np.maximum(wait[chosen], 1e-6), market.patience[chosen]
    else:
        served = turned = np.zeros(at.size)
        mean = patience = np.ones(at.size)
    ends = np.select([~goes, u < served, u < served + turned], [3, 0, 1], 2)
    # u / served is uniform among the served: the exponential wait cut off at the patience
    drawn = np.minimum(u / np.maximum(served, 1e-300), 1 - 1e-12)
    queue = -mean * np.log1p(drawn * np.expm1(-patience / mean))
    minutes = np.select([ends == 0, ends == 2], [queue, patience], 0.0)
    amenity = np.where(goes, market.amenity[chosen] if len(kept) else 0, len(names) - 1)
    walk = minutes_there[where[at], chosen] if len(kept) else np.zeros(at.size)
    d, c = when
    return pd.DataFrame(
        {
            "identity": ids[at],
            "category": _NAMES[c],
            "daypart": list(DAYPARTS)[d],
            "amenity": names[amenity],
            "walk": np.where(goes, walk, np.nan),
            "wait": np.where(goes, minutes, np.nan),
            "outcome": np.array(OUTCOMES, dtype=object)[ends],
        }
    )
