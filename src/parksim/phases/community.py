"""Community life: who met whom becomes ties, unserved needs become requests, a council decides about some."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim import cores
from parksim.chance import combine
from parksim.firms import zoning
from parksim.governance import budget, council, register
from parksim.governance.asking import who_asks
from parksim.people import visits_wanted
from parksim.scenario.categories import CATEGORIES

if TYPE_CHECKING:
    from parksim.model import ParkModel

MOST_TIES = 250
_SEATS_A_TABLE = 100.0  # places of an amenity that share one round of acquaintances (assumed)
_TABLES = 16  # groups into which the guests of a month's events fall


@dataclass
class CommunityState:
    """The month's account of requests.

    Attributes
    ----------
    requests, answered : int
        Requests made this month, and those of them that are answered.
    days : float
        Sum over the answered ones of the time to the answer.
    late : list of tuple
        Answers to requests of earlier months: (month of the request, answers, sum of their days).
    participants : int
        People who took part in an event this month.
    projects : int
        Joint projects of two firms begun this month.
    """

    requests: int = 0
    answered: int = 0
    days: float = 0.0
    late: list[tuple[int, int, float]] = field(default_factory=list)
    participants: int = 0
    projects: int = 0


def play(model: ParkModel) -> None:
    """Let people meet, elect, ask and take part, and the council decide."""
    model.community = CommunityState()
    _meet(model)
    council.play(model)
    _ask(model)
    budget.play(model)
    _take_part(model)


def _meet(model: ParkModel) -> None:
    """Let ties lapse, let people get to know each other where they meet, and count the projects of firms."""
    posts, p, chance, month = model.posts, model.spec.parameters.community, model.chance, model.month
    ties = model.ties
    ties.lapse(posts, chance, month, p.tie_decay)
    rows = np.flatnonzero(posts.filled)

    def opens(now: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        # A meeting makes a tie for both, so half as many people are looking for one.
        odds = -np.expm1(-posts.meetings[now].astype(np.float64) / 2)
        return np.asarray(chance.uniform("tie/open", month, posts.identity[now]) < odds)

    open_to = cores.those(opens, rows)
    pairs = [ties.pair_up(posts, chance, month, open_to, _group_at_place(model, open_to), "place")]
    odds = -np.expm1(-p.floor_tie / 2)
    open_to = cores.those(
        lambda now: chance.uniform("tie/floor/open", month, posts.identity[now]) < odds, rows
    )
    building = model.place.unit_building[posts.unit[open_to]].astype(np.int64)
    pairs.append(
        ties.pair_up(
            posts, chance, month, open_to, building * 1000 + posts.floor[open_to].astype(np.int64), "floor"
        )
    )
    came = rows[posts.took_part[rows] == month - 1]
    makes = came[chance.uniform("event/tie", month, posts.identity[came]) < p.event_tie / 2]
    table = (combine(posts.identity[makes], month) % np.uint64(_TABLES)).astype(np.int64)
    pairs.append(ties.pair_up(posts, chance, month, makes, table, "event"))
    pairs.append(_in_committee(model))
    ties.add(posts, np.concatenate(pairs))
    posts.ties[:] = np.minimum(ties.count(len(posts)), MOST_TIES)
    model.community.projects = ties.projects(posts, chance, month, zoning.project_odds(model))


def _in_committee(model: ParkModel) -> npt.NDArray[np.int32]:
    """Let the members of the committee get to know each other when it meets."""
    posts, chance, month = model.posts, model.chance, model.month
    meets = month % model.layout.governance.meets_months == 0
    sits = council.sitting(model) if meets else np.empty(0, dtype=np.intp)
    odds = model.spec.parameters.community.committee_tie / 2
    makes = sits[chance.uniform("committee/tie", month, posts.identity[sits]) < odds]
    group = np.zeros(makes.size, dtype=np.int64)
    return model.ties.pair_up(posts, chance, month, makes, group, "committee")


def _group_at_place(model: ParkModel, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
    """Draw where people who are open to an acquaintance meet others: a place they go to, and a table there."""
    posts, place = model.posts, model.place
    if rows.size == 0 or not len(place.amenities):
        return np.zeros(rows.size, dtype=np.int64)
    unit, needs = posts.unit[rows], posts.needs[rows]
    visits = visits_wanted(model.spec.needs)
    social = np.array([c.social for c in CATEGORIES.values()])
    at, reached = place.market.within_reach
    pull = model.services.met_at[at, reached] * (visits * social)[place.category[reached]]
    some = np.flatnonzero(pull > 0)
    at, reached, pull, kinds = at[some], reached[some], pull[some], len(CATEGORIES)
    units = np.arange(len(model.services.met_at))
    begins = np.searchsorted(
        at * kinds + place.category[reached], units[:, None] * kinds + np.arange(kinds + 1)
    )
    ids = posts.identity[rows]
    chosen = model.chance.first_of(
        "tie/where",
        model.month,
        ids,
        (unit.astype(np.intp), needs, begins),
        (place.code[reached] & np.uint64(0xFFFFFFFF), pull),
    )
    chosen = np.where(chosen >= 0, reached[chosen], 0)  # who goes nowhere meets those who do not either
    tables = np.maximum(1, np.round(place.capacity / _SEATS_A_TABLE)).astype(np.uint64)
    table = combine(ids, model.month) % tables[chosen]
    return np.asarray(chosen * 1_000_000 + table.astype(np.int64))


def _ask(model: ParkModel) -> None:
    """Take every request to the chain or the first channel that its author knows of, and see what is answered."""
    posts, p = model.posts, model.spec.parameters.community
    rows = who_asks(model)
    entry = register.first_known(model, posts.identity[rows])
    answers = register.play(model, rows[entry >= 0], entry[entry >= 0])
    rows = rows[entry < 0]
    heard, days = _ask_channels(model, rows)
    trust = np.zeros(len(posts))
    trust[rows] = np.where(heard, p.trust_answered, -p.trust_unanswered)
    np.add.at(trust, answers.rows, p.trust_answered)
    np.add.at(trust, answers.unanswered, -p.trust_unanswered)
    moved = np.flatnonzero(trust)
    posts.trust[moved] = np.clip(posts.trust[moved] + trust[moved], 0, 1)
    now = answers.months == model.month
    state = model.community
    state.requests = int(rows.size) + answers.asked
    state.answered = int(heard.sum()) + int(now.sum())
    state.days = days + float(answers.days[now].sum())
    for month in np.unique(answers.months[~now]):
        those = answers.months == month
        state.late.append((int(month), int(those.sum()), float(answers.days[those].sum())))


def _ask_channels(model: ParkModel, rows: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.bool_], float]:
    """Take requests to the first channel that people know; return who is heard, and the sum of the days it takes."""
    chance, month = model.chance, model.month
    ids = model.posts.identity[rows]
    waiting = np.ones(rows.size, dtype=np.bool_)
    answered = np.zeros(rows.size, dtype=np.bool_)
    days = 0.0
    for channel in model.layout.governance.channels:
        knows = waiting & (chance.uniform(f"request/{channel.name}/known", 0, ids) < channel.awareness)
        asking = np.flatnonzero(knows)
        waiting &= ~knows
        lot = chance.uniform(f"request/{channel.name}/lot", month, ids[asking])
        heard = asking[np.argsort(lot, kind="stable")[: int(channel.capacity_month)]]
        answered[heard] = True
        days += float(
            channel.delay_days * chance.exponential(f"request/{channel.name}/delay", month, ids[heard]).sum()
        )
    return answered, days


def _take_part(model: ParkModel) -> None:
    """Fill the month's events; trust makes taking part more likely; ties made there show next month."""
    posts, chance, month = model.posts, model.chance, model.month
    governance = model.layout.governance
    places = governance.events_month * governance.event_places
    rows = np.flatnonzero(posts.filled)
    if places <= 0 or rows.size == 0:
        return
    rate = min(places / rows.size, 1.0)

    def comes(now: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        odds = np.minimum(2 * rate * posts.trust[now], 1)
        return np.asarray(chance.uniform("event", month, posts.identity[now]) < odds)

    came = cores.those(comes, rows)
    posts.took_part[came] = month
    model.community.participants = int(came.size)
