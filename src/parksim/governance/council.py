"""The elected committee: who stands, who votes, who sits, and for whom they speak.

Standing and voting follow from trust and from having taken part. Employees elect employees, enterprises elect
enterprises; each votes for somebody near, known, or seen at events. A seat that falls vacant is filled by a
by-election in the following month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.chance import combine
from parksim.population import EDUCATION, WAGE_BANDS

if TYPE_CHECKING:
    import pandas as pd

    from parksim.model import ParkModel
    from parksim.scenario.organs import Bench

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

LOOK_BACK = 12
SEAT = np.dtype([("bench", np.int16), ("row", np.int32), ("identity", np.uint64), ("votes", np.int32)])
"""A seat that is taken: number of the bench, row of the post or firm, who it is, and votes got."""


@dataclass(frozen=True)
class Decision:
    """What a meeting decided.

    Attributes
    ----------
    month, opens : int
        Month of the meeting, and month in which it takes effect.
    kind : str
        ``place`` (a new one), ``offer`` (a staff facility opened) or ``hours``.
    category, place : str
        What for, and the name of the place.
    requests : float
        Requests on the agenda that it should answer.
    cost_cny, cost_cny_year : float
        Once, and every year.
    """

    month: int
    opens: int
    kind: str
    category: str
    place: str
    requests: float
    cost_cny: float
    cost_cny_year: float


@dataclass
class Council:
    """What a committee carries from month to month.

    Attributes
    ----------
    members : structured array
        Seats taken; see :data:`SEAT`.
    elected : int or None
        Month of the last general election.
    turnout : dict of str to float
        Share of those entitled who voted in the last election, by bench.
    cash, yearly : float
        What is left of the budget, and what earlier decisions cost a year, CNY.
    decisions : list of Decision
    taken : set of str
        Offers that have been taken up.
    """

    members: npt.NDArray[np.void] = field(default_factory=lambda: np.empty(0, dtype=SEAT))
    benches: tuple[Bench, ...] = ()
    elected: int | None = None
    turnout: dict[str, float] = field(default_factory=dict)
    cash: float = 0.0
    yearly: float = 0.0
    decisions: list[Decision] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


def play(model: ParkModel) -> None:
    """Hold elections when the term ends, and by-elections for seats whose holders left."""
    state, governance = model.council, model.layout.governance
    if not governance.benches:
        if state.benches:
            state.members, state.benches, state.elected = state.members[:0], (), None
        return
    due = state.elected is None or model.month - state.elected >= governance.term_months
    if due or state.benches != governance.benches:
        state.members, state.benches, state.elected = state.members[:0], governance.benches, model.month
    else:
        state.members = state.members[_still_here(model)]
    taken = np.bincount(state.members["bench"], minlength=len(governance.benches))
    for number, bench in enumerate(governance.benches):
        if taken[number] < bench.seats:
            won = elect(model, bench, bench.seats - int(taken[number]))
            won["bench"] = number
            state.members = np.concatenate([state.members, won])


def sitting(model: ParkModel) -> Rows:
    """Return the posts of the committee's members of the employees' side who are still there."""
    if not model.council.members.size:
        return np.empty(0, dtype=np.intp)
    return np.asarray(model.council.members["row"][_of_people(model) & _still_here(model)], dtype=np.intp)


def _of_people(model: ParkModel) -> npt.NDArray[np.bool_]:
    """Say which members were elected by employees."""
    state = model.council
    of_people = np.array([bench.side == "employees" for bench in state.benches])
    return np.asarray(of_people[state.members["bench"]])


def _still_here(model: ParkModel) -> npt.NDArray[np.bool_]:
    members, people = model.council.members, _of_people(model)
    post = np.where(people, members["row"], 0)
    firm = np.where(people, 0, members["row"])
    sits = (model.posts.identity[post] == members["identity"]) & model.posts.filled[post]
    stands = (model.firms.identity[firm] == members["identity"]) & model.firms.active[firm]
    return np.asarray(np.where(people, sits, stands))


@dataclass
class _Side:
    """Those entitled on one side: rows, identities, trust, share who took part, building, and whether eligible."""

    rows: Rows
    ids: npt.NDArray[np.uint64]
    trust: Floats
    engaged: Floats
    building: npt.NDArray[np.integer[Any]]


def _side(model: ParkModel, side: str) -> _Side:
    posts, place = model.posts, model.place
    rows = np.flatnonzero(posts.filled)
    part = (posts.took_part[rows] > model.month - LOOK_BACK).astype(np.float64)
    trust = posts.trust[rows].astype(np.float64)
    if side == "employees":
        return _Side(rows, posts.identity[rows], trust, part, place.unit_building[posts.unit[rows]])
    firms = model.firms
    heads = np.bincount(posts.firm[rows], minlength=len(firms))
    active = np.flatnonzero(firms.active & (heads[: len(firms)] > 0))

    def mean(value: Floats) -> Floats:
        total = np.bincount(posts.firm[rows], weights=value, minlength=len(firms))
        return np.asarray(total[active] / heads[active])

    return _Side(active, firms.identity[active], mean(trust), mean(part), firms.building[active])


def elect(model: ParkModel, bench: Bench, seats: int) -> npt.NDArray[np.void]:
    """Fill seats of a bench.

    As many candidates as ``candidates_a_seat`` times the seats stand: those first in a race at rates of trust,
    times ``engaged`` for who took part. Who votes is drawn at twice the trust times ``turnout``, likewise. A
    vote goes to the candidate of greatest utility: the own block, an acquaintance, one who took part, and a
    Gumbel error of voter and candidate.

    Returns
    -------
    structured array [seat]
        At most so many, by votes; ties by lot.
    """
    p, chance, month = model.spec.parameters.governance, model.chance, model.month
    side = _side(model, bench.side)
    drive = side.trust * (1 + (p.engaged - 1) * side.engaged)
    may = (drive > 0) & ~np.isin(side.ids, model.council.members["identity"])
    if bench.side == "employees":
        may &= _eligible(model, bench, side.rows)
    standing = np.flatnonzero(may)
    tell = f"council/{bench.name}"
    race = chance.exponential(f"{tell}/stand", month, side.ids[standing]) / drive[standing]
    ballot = standing[np.argsort(race, kind="stable")[: round(p.candidates_a_seat) * seats]]
    votes_at = np.minimum(2 * p.turnout * drive, 1.0)
    voters = np.flatnonzero(chance.uniform(f"{tell}/vote", month, side.ids) < votes_at)
    model.council.turnout[bench.name] = voters.size / max(side.ids.size, 1)
    if ballot.size == 0:
        return np.empty(0, dtype=SEAT)
    block = model.offices.block[side.building]
    value = p.vote_near * (block[voters][:, None] == block[ballot]).astype(np.float64)
    value += p.vote_known * _known(model, bench.side, side, voters, ballot)
    value += p.vote_engaged * side.engaged[ballot]
    pair = combine(np.repeat(side.ids[voters], ballot.size), np.tile(side.ids[ballot], voters.size))
    value += chance.gumbel(f"{tell}/choice", month, pair).reshape(value.shape)
    votes = np.bincount(np.argmax(value, axis=1), minlength=ballot.size)
    lot = chance.uniform(f"{tell}/lot", month, side.ids[ballot])
    won = np.lexsort((lot, -votes))[:seats]
    out = np.zeros(won.size, dtype=SEAT)
    out["row"], out["identity"], out["votes"] = side.rows[ballot[won]], side.ids[ballot[won]], votes[won]
    return out


def _eligible(model: ParkModel, bench: Bench, rows: Rows) -> npt.NDArray[np.bool_]:
    posts = model.posts
    may = np.ones(rows.size, dtype=np.bool_)
    if bench.wage_bands:
        may &= np.isin(posts.wage_band[rows], [WAGE_BANDS.index(name) for name in bench.wage_bands])
    if bench.education:
        may &= np.isin(posts.education[rows], [EDUCATION.index(name) for name in bench.education])
    if bench.max_age is not None:
        may &= posts.age[rows] <= bench.max_age
    return may


def _known(model: ParkModel, kind: str, side: _Side, voters: Rows, ballot: Rows) -> npt.NDArray[np.bool_]:
    """Say whom each voter knows: by a tie, or for firms, by a tie between their people, [voter, candidate]."""
    known = np.zeros((voters.size, ballot.size), dtype=np.bool_)
    ties, posts = model.ties, model.posts
    if len(ties) == 0 or voters.size == 0:
        return known
    ends = ties.identity if kind == "employees" else model.firms.identity[posts.firm[ties.row]]
    here = (posts.identity[ties.row] == ties.identity).all(axis=1)
    ends = ends[here]
    order = np.argsort(side.ids[voters], kind="stable")
    ids = side.ids[voters][order]
    for k, candidate in enumerate(side.ids[ballot]):
        friends = np.concatenate([ends[ends[:, 0] == candidate, 1], ends[ends[:, 1] == candidate, 0]])
        if friends.size:
            at = np.minimum(np.searchsorted(ids, friends), ids.size - 1)
            hit = ids[at] == friends
            known[order[at[hit]], k] = True
    return known


def weights(model: ParkModel) -> Floats:
    """Return how much a request from each block weighs with the committee, [block].

    1 - k + k (share of the seats / share of the employees), with ``constituency`` k: where members sit as
    people work, every request weighs the same. A block nobody sits for weighs 1 - k, at least a hundredth.
    """
    block = model.offices.block
    count = int(block.max(initial=-1)) + 1
    members = model.council.members
    if len(members) == 0:
        return np.ones(count)
    posts = model.posts
    here = model.place.unit_building[posts.unit[posts.filled]]
    people = np.bincount(block[here], minlength=count).astype(np.float64)
    seats = np.bincount(block[buildings(model)], minlength=count).astype(np.float64)
    share = np.divide(seats / seats.sum(), people / people.sum(), out=np.ones(count), where=people > 0)
    k = model.spec.parameters.governance.constituency
    return np.asarray(np.maximum(1 - k + k * share, 0.01))


def buildings(model: ParkModel) -> Rows:
    """Return the building each member comes from: of the desk, or of the firm's first post."""
    members = model.council.members
    people = np.array([bench.side == "employees" for bench in model.council.benches], dtype=np.bool_)
    person = people[members["bench"]]
    desk = model.place.unit_building[model.posts.unit[np.where(person, members["row"], 0)]]
    seat = model.firms.building[np.where(person, 0, members["row"])]
    return np.where(person, desk, seat).astype(np.intp)


def table(model: ParkModel) -> pd.DataFrame:
    """Return who sits: ``bench, side, identity, block, building, wage_band, education, age, votes``.

    What only people have is empty for enterprises.
    """
    import pandas as pd  # noqa: PLC0415

    state, posts = model.council, model.posts
    rows = []
    for member, building in zip(state.members, buildings(model), strict=True):
        bench, row = state.benches[member["bench"]], int(member["row"])
        person = bench.side == "employees"
        rows.append(
            {
                "bench": bench.name,
                "side": bench.side,
                "identity": int(member["identity"]),
                "block": model.place.buildings[building].block,
                "building": model.place.buildings[building].name,
                "wage_band": WAGE_BANDS[posts.wage_band[row]] if person else "",
                "education": EDUCATION[posts.education[row]] if person else "",
                "age": float(posts.age[row]) if person else float("nan"),
                "votes": int(member["votes"]),
            }
        )
    columns = ["bench", "side", "identity", "block", "building", "wage_band", "education", "age", "votes"]
    return pd.DataFrame(rows, columns=columns)
