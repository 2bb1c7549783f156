"""Measure: the month's indicators. Nothing here changes the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim import accounts, cores, recovery, small_firms, yields
from parksim.bits import count_by_needs
from parksim.firms import digital, zoning
from parksim.leavers import Leavers
from parksim.matching import positions_of
from parksim.people import ALLOTTED, bits_of, visits_wanted
from parksim.phases import renewal
from parksim.phases.services import home_unit
from parksim.phases.staying import QUIT_CAUSES, vacancy_rate
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.schema import MODES
from parksim.scenario.terms import TIERS

if TYPE_CHECKING:
    from parksim.model import ParkModel

LOOK_BACK = 12
_FIRMS_LOOK_BACK = (12, 36)
_FARTHEST_MIN = 60.0  # a place that is not there counts as an hour away
_NAMES = list(CATEGORIES)
_MOST = len(CATEGORIES) + 1  # how many categories of a circle somebody may need, none included
_HAVE_OF_NEED = np.arange(_MOST) / np.arange(1, _MOST)[:, None]  # [need - 1, have]


@dataclass
class Memory:
    """What measuring remembers: the people of month 0, and who was here in earlier months.

    Attributes
    ----------
    cohort : dict of arrays
        ``identity, firm, minutes, left_month, left_cause, gone_month`` of everyone employed at month 0:
        `left_month` is the month of leaving the employer of month 0, `gone_month` the first month at whose end
        no firm of the park employed the person; -1 if never.
    leavers : Leavers
        Everybody who left a post in the last year.
    firms : dict of month to array
        Identities of the active firms in earlier months, as far as an indicator looks back.
    quits, requests : lists
        Monthly counts.
    ledger : Ledger
        Costs and returns by payer.
    leases : Leases
        What firms paid last month.
    blocks : list of tuple
        A row a month and block under renewal: :data:`parksim.phases.renewal.COLUMNS`.
    """

    cohort: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    leavers: Leavers = field(default_factory=Leavers)
    firms: dict[int, npt.NDArray[np.uint64]] = field(default_factory=dict)
    quits: list[int] = field(default_factory=list)
    heads: list[int] = field(default_factory=list)
    requests: list[tuple[int, int, float]] = field(default_factory=list)
    projects: list[int] = field(default_factory=list)
    pulse: list[dict[str, float]] = field(default_factory=list)
    ledger: accounts.Ledger = field(default_factory=accounts.Ledger)
    leases: small_firms.Leases = field(default_factory=small_firms.Leases)
    blocks: list[tuple[Any, ...]] = field(default_factory=list)
    quits_now: int = 0

    def left(self, model: ParkModel, rows: npt.NDArray[np.intp], cause: npt.NDArray[np.int8]) -> None:
        """Note that people leave their posts."""
        self.quits_now += int(np.isin(cause, QUIT_CAUSES).sum())
        if self.cohort:
            self.leavers.add(model, rows)
            member = model.posts.cohort[rows]
            known = member >= 0
            fresh = self.cohort["left_month"][member[known]] < 0
            self.cohort["left_month"][member[known][fresh]] = model.month
            self.cohort["left_cause"][member[known][fresh]] = cause[known][fresh]


def open_books(model: ParkModel) -> None:
    """Note what the plain park's month 0 brings in: what later months bring beyond it is what changed."""
    tax = yields.measure(model, np.flatnonzero(model.firms.active), 1.0).tax
    accounts.open_books(model, 1e4 * tax)


def begin(model: ParkModel) -> None:
    """Register everyone employed at month 0 as the cohort, and the state before the first month."""
    posts, memory = model.posts, model.memory
    rows = np.flatnonzero(posts.filled)
    posts.cohort[:] = -1
    posts.cohort[rows] = np.arange(rows.size)
    model.seekers.forget_cohort()
    memory.cohort = {
        "identity": posts.identity[rows].copy(),
        "firm": model.firms.identity[posts.firm[rows]],
        "minutes": posts.commute_min[rows].astype(np.float64),
        "start_minutes": posts.commute_min[rows].astype(np.float64),
        "left_month": np.full(rows.size, -1, dtype=np.int32),
        "left_cause": np.full(rows.size, -1, dtype=np.int8),
        "gone_month": np.full(rows.size, -1, dtype=np.int32),
        **{name: posts_label.copy() for name, posts_label in group_codes(model, rows).items()},
    }
    memory.quits_now = 0
    accounts.begin(model)
    small_firms.begin(model)
    _record(model)


def play(model: ParkModel) -> None:
    """Compute the month's indicators and remember who is here."""
    memory, posts = model.memory, model.posts
    rows = np.flatnonzero(posts.filled)
    away = np.ones(memory.cohort["gone_month"].size, dtype=np.bool_)

    def see(now: slice) -> None:
        here = rows[now]
        member = posts.cohort[here]
        of_then = np.flatnonzero(member >= 0)
        here, member = here[of_then], member[of_then]
        away[member] = False
        travelled = posts.mode[here] >= 0  # those hired this month have not travelled yet
        memory.cohort["minutes"][member[travelled]] = posts.commute_min[here[travelled]]

    cores.each(see, rows.size)
    gone = memory.cohort["gone_month"]
    gone[away & (gone < 0)] = model.month
    memory.quits.append(memory.quits_now)
    memory.heads.append(rows.size)
    memory.quits_now = 0
    c = model.community
    memory.requests.append((c.requests, c.answered, c.days))
    for asked, answered, days in c.late:  # an answer counts for the month in which it was asked for
        if 1 <= asked <= len(memory.requests):
            then = memory.requests[asked - 1]
            memory.requests[asked - 1] = (then[0], then[1] + answered, then[2] + days)
    memory.projects.append(c.projects)
    out: dict[str, float] = {}
    travelled = rows[posts.mode[rows] >= 0]
    for told in cores.together(
        rows.size,
        lambda: services(model, travelled),  # the longest of the four
        lambda: commuting(model, travelled),
        lambda: staying(model, rows),
        lambda: firms(model, rows),
    ):
        out |= told
    out |= renewal.measured(model)
    out |= small_firms.watch(model)
    out |= accounts.close_month(model, 1e4 * out["tax_per_mu"] * out["land_mu"])
    memory.pulse.append(recovery.pulse(model, out))
    if model.layout.shocks:
        out |= recovery.measure(model)
    model.measured.append(out)
    _record(model)


def _record(model: ParkModel) -> None:
    memory, month = model.memory, model.month
    memory.leavers.forget_before(month - LOOK_BACK + 1)
    memory.firms[month] = model.firms.identity[model.firms.active].copy()
    memory.firms.pop(month - max(_FIRMS_LOOK_BACK), None)


def group_codes(model: ParkModel, rows: npt.NDArray[np.intp]) -> dict[str, npt.NDArray[np.int16]]:
    """Group of each person by every grouping that reports use; names in :func:`group_names`."""
    posts = model.posts
    edges = [float(band.split("-")[1]) + 1 for band in list(model.spec.population.age)[:-1]]
    return {
        "wage_band": posts.wage_band[rows].astype(np.int16),
        "age": np.digitize(posts.age[rows], edges).astype(np.int16),
        "household": posts.household[rows].astype(np.int16),
        "shift": posts.rotating[rows].astype(np.int16),
        "sector": model.firms.sector[posts.firm[rows]].astype(np.int16),
        "home_zone": posts.zone[rows],
    }


def group_names(model: ParkModel) -> dict[str, tuple[str, ...]]:
    """Names behind the codes of :func:`group_codes`; the last home zone, code -1, is a flat of the park."""
    from parksim.population import HOUSEHOLDS, WAGE_BANDS  # noqa: PLC0415

    return {
        "wage_band": WAGE_BANDS,
        "age": tuple(model.spec.population.age),
        "household": HOUSEHOLDS,
        "shift": ("day", "rotating"),
        "sector": tuple(model.spec.enterprises.sectors),
        "home_zone": (*(z.name for z in model.spec.city.zones), "flat of the park"),
    }


# --- commuting -----------------------------------------------------------------------------------


def commuting(model: ParkModel, rows: npt.NDArray[np.intp]) -> dict[str, float]:
    """Commute times, distances and modes of the current stock, and of the cohort."""
    posts = model.posts
    out: dict[str, float] = {}
    minutes = posts.commute_min[rows]
    if rows.size:
        out["commute_mean_min"] = float(minutes.mean(dtype=np.float64))
        out["commute_median_min"] = float(np.median(minutes))
        out["commute_share_within_45"] = float(np.mean(minutes <= 45))
        out["commute_share_over_60"] = float(np.mean(minutes > 60))
        out["commute_share_under_5km"] = float(np.mean(posts.km[rows] < 5))
        count = np.bincount(posts.mode[rows], minlength=len(MODES))
        out |= {f"mode_share_{mode}": float(count[m] / rows.size) for m, mode in enumerate(MODES)}
        out["live_in_park_share"] = float(np.mean(posts.flat[rows] >= 0))
    cohort = model.memory.cohort["minutes"]
    if cohort.size:
        out["commute_mean_min_cohort"] = float(cohort.mean())
    flats = sum(model.place.amenities[j].capacity for j in model.place.flats)
    if flats:
        out["jobs_per_home"] = float(np.count_nonzero(posts.firm >= 0) / flats)
    return out


def building_minutes(model: ParkModel) -> npt.NDArray[np.float64]:
    """Return the mean door-to-desk minutes of those who work in each building; nan where nobody does.

    Parameters
    ----------
    model : ParkModel

    Returns
    -------
    float array [building]
    """
    rows = np.flatnonzero(model.posts.filled & (model.posts.mode >= 0))
    building = model.place.unit_building[model.posts.unit[rows]]
    return _mean_minutes(model, rows, building, len(model.place.buildings))


def zone_minutes(model: ParkModel) -> npt.NDArray[np.float64]:
    """Return the mean door-to-desk minutes of those who live in each home zone; nan where nobody does.

    Parameters
    ----------
    model : ParkModel

    Returns
    -------
    float array [zone]
    """
    posts = model.posts
    rows = np.flatnonzero(posts.filled & (posts.mode >= 0) & (posts.zone >= 0))
    return _mean_minutes(model, rows, posts.zone[rows], len(model.spec.city.zones))


def _mean_minutes(
    model: ParkModel, rows: npt.NDArray[np.intp], place: npt.NDArray[np.integer], places: int
) -> npt.NDArray[np.float64]:
    people = np.bincount(place, minlength=places)
    minutes = np.bincount(place, weights=model.posts.commute_min[rows], minlength=places)
    mean = np.full(places, np.nan)
    np.divide(minutes, people, out=mean, where=people > 0)
    return mean


# --- services ------------------------------------------------------------------------------------


def covered_bits(model: ParkModel, minutes: float) -> npt.NDArray[np.uint32]:
    """Categories each unit has an open, usable place of within some walking minutes, as bits [unit]."""
    bits = np.uint32(1) << np.arange(len(_NAMES), dtype=np.uint32)
    return np.asarray((model.place.nearest <= minutes) @ bits, dtype=np.uint32)


def coverage(
    model: ParkModel, rows: npt.NDArray[np.intp], minutes: float, categories: tuple[str, ...]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Count for each person the needed categories of a circle, and those of them that are covered."""
    need = model.posts.needs[rows] & bits_of(categories)
    return np.bitwise_count(need), np.bitwise_count(
        need & _covered(model, rows, covered_bits(model, minutes))
    )


def _covered(
    model: ParkModel, rows: npt.NDArray[np.intp], bits: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    """Categories covered for each person, at the desk or, for those who live in the park, at home, as bits."""
    have: npt.NDArray[np.uint32] = bits[model.posts.unit[rows]]
    at_home = np.flatnonzero(model.posts.flat[rows] >= 0)
    if at_home.size:
        have[at_home] |= bits[home_unit(model, rows[at_home])]
    return have


@dataclass
class Covered:
    """How many people need what, and have it within reach.

    Attributes
    ----------
    needing : float array [unit, category]
        People who need each category.
    people : dict of circle to int array [need, have]
        People by how many of the circle's categories they need, and how many of these are covered.
    wanting, placed : dict of category to int
        People who need a place that is allotted, and those of them who hold one.
    """

    needing: npt.NDArray[np.float64]
    people: dict[str, npt.NDArray[np.int64]]
    wanting: dict[str, int]
    placed: dict[str, int]

    def __add__(self, other: Covered) -> Covered:
        return Covered(
            self.needing + other.needing,
            {name: people + other.people[name] for name, people in self.people.items()},
            {name: count + other.wanting[name] for name, count in self.wanting.items()},
            {name: count + other.placed[name] for name, count in self.placed.items()},
        )


def count_covered(model: ParkModel, rows: npt.NDArray[np.intp]) -> Covered:
    """Count who of these people needs what, and has it within reach."""
    posts = model.posts
    bits = {name: covered_bits(model, circle.minutes) for name, circle in model.layout.circles.items()}

    def count(now: slice) -> Covered:
        who = rows[now]
        unit, needs = posts.unit[who], posts.needs[who]
        people = {}
        for name, circle in model.layout.circles.items():
            need = needs & bits_of(circle.categories)
            have = np.bitwise_count(need & _covered(model, who, bits[name]))
            pairs = np.bitwise_count(need).astype(np.int16) * _MOST + have
            people[name] = np.bincount(pairs, minlength=_MOST**2).reshape(_MOST, _MOST)
        wants = {name: who[(needs & bits_of((name,))) != 0] for name in ALLOTTED}
        return Covered(
            count_by_needs(unit, needs, len(model.place.unit_building), len(_NAMES)),
            people,
            {name: mine.size for name, mine in wants.items()},
            {name: int(np.count_nonzero(getattr(posts, name)[mine] >= 0)) for name, mine in wants.items()},
        )

    first, *others = cores.each(count, rows.size) or [count(slice(0))]
    return sum(others, start=first)


def services(model: ParkModel, rows: npt.NDArray[np.intp]) -> dict[str, float]:
    """Coverage, what was served, who holds a place, and requests."""
    posts, place, state = model.posts, model.place, model.services
    out: dict[str, float] = {}
    visits = visits_wanted(model.spec.needs)
    units = len(place.unit_building)
    covered = count_covered(model, rows)
    needing = needing_at_desk = covered.needing
    at_home = rows[posts.flat[rows] >= 0]
    if at_home.size:
        needing_at_desk = needing - count_by_needs(
            posts.unit[at_home], posts.needs[at_home], units, len(_NAMES)
        )
    # A category that several circles promise is told, on its own, of the shortest.
    for name, circle in sorted(model.layout.circles.items(), key=lambda item: -item[1].minutes):
        people_by = covered.people[name][1:]
        some = people_by.sum()
        if some:
            out[f"coverage_{name}"] = float((people_by * _HAVE_OF_NEED).sum() / some)
            out[f"coverage_all_{name}"] = float(np.trace(people_by, offset=1) / some)
        bits = covered_bits(model, circle.minutes)
        wanted = got = 0.0
        for category in circle.categories:
            c = _NAMES.index(category)
            people = needing[:, c].sum()
            if people:
                near = ((bits >> np.uint32(c)) & np.uint32(1)).astype(np.float64)
                have_it = float(needing_at_desk[:, c] @ near)
                if at_home.size:
                    have_it += float(coverage(model, at_home, circle.minutes, (category,))[1].sum())
                out[f"coverage_{category}"] = have_it / float(people)
                far = np.minimum(place.nearest[:, c], _FARTHEST_MIN)
                out[f"nearest_min_{category}"] = weighted_median(far, needing[:, c])
            if category in ALLOTTED:
                held = rows[getattr(posts, category)[rows] >= 0]
                at = getattr(posts, category)[held]
                within = place.walk[posts.unit[held], at] <= circle.minutes
                lodger = np.flatnonzero(posts.flat[held] >= 0)
                within[lodger] |= place.walk[home_unit(model, held[lodger]), at[lodger]] <= circle.minutes
                wanted += visits[c] * float(people)
                got += visits[c] * float(within.sum())
            else:
                wanted += float(state.demand[:, c].sum())
                got += float((state.demand[:, c] * state.served_in[name][:, c]).sum())
        if wanted > 0:
            out[f"served_{name}"] = float(got / wanted)
    for category in ALLOTTED:
        if covered.wanting[category]:
            out[f"placed_share_{category}"] = covered.placed[category] / covered.wanting[category]
    asked, answered, days = (sum(month[k] for month in model.memory.requests[-LOOK_BACK:]) for k in range(3))
    if asked:
        out["requests_answered_share"] = answered / asked
    if answered:
        out["request_days"] = days / answered
    return out


def weighted_median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    """Median of values that stand for so many people each (whole numbers, at least one in all)."""
    order = np.argsort(values, kind="stable")
    ranks = np.cumsum(weights[order])
    middle = (ranks[-1] - 1) / 2  # counted from 0
    ends = values[order[np.searchsorted(ranks, [np.floor(middle), np.ceil(middle)], side="right")]]
    return float(ends[0] if ends[0] == ends[1] else ends.mean())


# --- staying -------------------------------------------------------------------------------------


def still_here(model: ParkModel, then: int) -> tuple[int, int, int]:
    """Count those employed at the end of an earlier month, of them those employed now, and with the same employer.

    Whoever holds a post since then or longer was there; so was whoever left one that was held since then or longer.
    """
    posts, gone = model.posts, model.memory.leavers
    since = posts.since[posts.filled]
    stayed = int(np.count_nonzero(since <= then))
    left = np.flatnonzero((gone.month > then) & (gone.since <= then))
    later = np.flatnonzero(posts.filled & (posts.since > then))
    was = positions_of(posts.identity[later], gone.identity[left])
    back = np.flatnonzero(was >= 0)
    employer = model.firms.identity[posts.firm[later[back]]]
    returned = int(np.count_nonzero(employer == gone.firm[left[was[back]]]))
    return stayed + left.size, stayed + back.size, stayed + returned


def staying(model: ParkModel, rows: npt.NDArray[np.intp]) -> dict[str, float]:
    """Retention, turnover, ties and participation."""
    posts, memory, month = model.posts, model.memory, model.month
    out: dict[str, float] = {}
    if month >= LOOK_BACK:
        then, here, employer = still_here(model, month - LOOK_BACK)
        if then:
            out["retention_employee_12m"] = here / then
            out["retention_employer_12m"] = employer / then
        heads = np.mean(memory.heads[-LOOK_BACK:])
        out["turnover_annual"] = float(sum(memory.quits[-LOOK_BACK:]) / max(float(heads), 1.0))
        out["participation_share"] = (
            float(np.mean(posts.took_part[rows] > month - LOOK_BACK)) if rows.size else 0.0
        )
        out["cross_firm_collaborations"] = float(sum(memory.projects[-LOOK_BACK:]))
    housed, waiting = (
        int(np.count_nonzero(posts.flat[rows] >= 0)),
        int(np.count_nonzero(posts.flat_wish[rows] >= 0)),
    )
    if housed + waiting:
        out["placed_share_flats"] = housed / (housed + waiting)
    if rows.size:
        out["ties_per_employee"] = float(posts.ties[rows].mean(dtype=np.float64))
        counted = np.minimum(posts.ties[rows], model.spec.parameters.staying.ties_counted)
        out["ties_counted"] = float(counted.mean(dtype=np.float64))
        out["visits_served"] = float(posts.served[rows].mean(dtype=np.float64))
    cohort = memory.cohort
    if cohort["gone_month"].size:
        out["employees_retained"] = float(np.count_nonzero(cohort["gone_month"] < 0))
        out["stayed_share_cohort"] = float(np.mean(cohort["left_month"] < 0))
    return out


# --- enterprises ---------------------------------------------------------------------------------


def firms(model: ParkModel, rows: npt.NDArray[np.intp]) -> dict[str, float]:
    """Firms that stayed, vacancies, floor, spillover, output and tax, grades of land."""
    spec, place, month = model.spec, model.place, model.month
    posts, table = model.posts, model.firms
    active = np.flatnonzero(table.active)
    out: dict[str, float] = {"employees": float(rows.size), "enterprises": float(active.size)}
    out["enterprises_registered"] = active.size / max(1 - spec.enterprises.registered_inactive_share, 1e-9)
    now = table.identity[active]
    for span in _FIRMS_LOOK_BACK:
        then = model.memory.firms.get(month - span)
        if then is not None and then.size:
            out[f"retention_enterprise_{span}m"] = float(np.mean(positions_of(then, now) >= 0))
    open_posts = int(np.count_nonzero(posts.firm >= 0))
    if open_posts:
        out["vacancy_rate"] = vacancy_rate(model)
    floor = float(model.offices.capacity.sum())
    if floor:
        out["floor_vacancy_share"] = max(0.0, 1 - open_posts / floor)
    if active.size:
        out["spillover_index"] = float(table.exposure[active].sum(dtype=np.float64))
        out["runway_months"] = float(table.runway[active].mean(dtype=np.float64))
        out["office_rent"] = float(np.average(table.rent[active], weights=table.size[active]))
    out["spinoffs"] = float(model.firm_life.spinoffs)
    on_tier = np.bincount(table.tier[active], minlength=len(TIERS))
    out |= {f"tier_{tier}": float(on_tier[k]) for k, tier in enumerate(TIERS)}
    out["firms_high_tech"] = float(np.count_nonzero(table.high_tech[active]))
    out["firms_listed"] = float(np.count_nonzero(table.listed[active]))
    land = yields.measure(model, active, productivity(model))
    out["digital_level"] = digital.mean(model)
    if model.partners is not None:
        out["partner_share_near"] = zoning.near_share(model)
    if model.hub is not None:
        out["methods_taken_up"] = float(model.firm_life.methods)
    out["land_mu"] = place.land_mu
    out["output_per_mu"] = land.output / place.land_mu
    out["tax_per_mu"] = land.tax / place.land_mu
    if active.size:
        graded = np.bincount(land.grade, minlength=len(yields.GRADES)) / active.size
        out |= {f"firms_grade_{name}": float(graded[k]) for k, name in enumerate(yields.GRADES)}
    return out


def productivity(model: ParkModel) -> float:
    """Productivity of a worker against the first month: by how many there are, and by digital methods."""
    heads = model.memory.heads
    workers = int(np.count_nonzero(model.posts.filled))
    start = heads[0] if heads else workers
    elasticity = model.spec.parameters.enterprises.density_elasticity
    return float((max(workers, 1) / max(start, 1)) ** elasticity * digital.output_factor(model))
