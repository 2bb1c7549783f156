"""Hiring: after a search, vacancies go to people of other firms, leavers of the last months, or strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim import homes
from parksim.chance import Floats, combine
from parksim.matching import least, pairs_within
from parksim.newcomers import arrive, begin_post, wage_premium
from parksim.people import ALLOTTED, PERSON
from parksim.phases.staying import WAGE

if TYPE_CHECKING:
    from parksim.model import ParkModel

Rows = npt.NDArray[np.intp]

NOBODY: tuple[Rows, npt.NDArray[np.int8]] = (np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int8))
_DAYS_PER_MONTH = 365 / 12
_KEPT = tuple(name for category in ALLOTTED for name in (category, f"{category}_wait"))


def play(model: ParkModel) -> None:
    """Fill the vacancies whose search ends this month, and let those go who have quit."""
    posts, firms, chance, month = model.posts, model.firms, model.chance, model.month
    to_fill = (posts.firm >= 0) & ~posts.filled
    to_fill[model.seekers.on_the_job[0]] = True  # they go, wherever to
    vacant = np.flatnonzero(to_fill)
    address = vacancy_identity(model, vacant)
    ends = chance.uniform("search ends", month, address) < fill_odds(model, vacant)
    matured, address = vacant[ends], address[ends]
    posts.fill[matured] += 1
    taken = _from_the_park(model, matured, address)
    rows = matured[~taken]
    arrive(model, rows, model.hires)
    posts.since[matured] = month
    posts.filled[matured] = True
    begin_post(model, matured)
    model.log("hire", posts.identity[matured], firms.identity[posts.firm[matured]], posts.zone[matured])


def vacancy_identity(model: ParkModel, rows: Rows) -> npt.NDArray[np.uint64]:
    """Address vacancies by (employer, post, fill)."""
    posts = model.posts
    employer = model.firms.identity[posts.firm[rows]]
    return combine(combine(employer, posts.post[rows].astype(np.uint64)), posts.fill[rows].astype(np.uint64))


def fill_odds(model: ParkModel, rows: npt.NDArray[np.intp]) -> Floats:
    """Chance that the search for each vacancy ends this month: exponential search times."""
    p = model.spec.parameters.hiring
    tech = model.tech_sector[model.firms.sector[model.posts.firm[rows]]]
    days = np.where(tech, p.search_days_tech, p.search_days)
    return np.asarray(-np.expm1(-_DAYS_PER_MONTH / days * _help(model)))


def _help(model: ParkModel) -> float:
    """Say by how much job fairs and colleges quicken this month's search; fairs are spread over the year."""
    labour, p, month = model.layout.labour, model.spec.parameters.hiring, model.month
    help_ = 1 + p.college_boost * labour.colleges
    for yearly, boost in ((labour.fairs_year, p.fair_boost), (labour.large_fairs_year, p.large_fair_boost)):
        held = np.floor((month + 1) * yearly / 12) - np.floor(month * yearly / 12)
        help_ += boost * min(float(held), 4.0)
    return float(help_)


def _from_the_park(model: ParkModel, matured: Rows, address: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Let leavers of the last months apply, and those about to leave another firm of the park.

    They meet the vacancies of their segment of the labour market. Each applicant prefers one of those that suit
    (an exponential race over the segment); a lottery settles who gets it. Who is about to leave and gets none
    leaves the park all the same.
    """
    p, posts, chance, month = model.spec.parameters.hiring, model.posts, model.chance, model.month
    seekers = model.seekers
    seekers.forget_before(month - round(p.seek_months))
    going, cause = seekers.on_the_job
    seekers.on_the_job = NOBODY
    back = applicants(model)
    ids = np.concatenate([seekers.identity[back], posts.identity[going]])
    segments = np.uint64(round(p.market_segments))
    one, post = pairs_within(combine(ids, month) % segments, combine(address, month) % segments)
    suits = np.ones(one.size, dtype=np.bool_)
    on_job = one >= back.size
    asks = one[on_job] - back.size
    suits[on_job] = _suits(model, going[asks], cause[asks], matured[post[on_job]])
    one, post = one[suits], post[suits]
    preferred = least(one, chance.exponential("apply/which", month, combine(ids[one], address[post])))
    people, wish = one[preferred], post[preferred]
    first = least(wish, chance.uniform("apply/lot", month, ids[people]))
    people, wish = people[first], wish[first]
    inside = people >= back.size
    _move_on(model, going, cause, people[inside] - back.size, matured[wish[inside]])
    old = back[people[~inside]]
    model.seat(matured[wish[~inside]], seekers.take(old))
    seekers.drop(old)
    taken = np.zeros(matured.size, dtype=np.bool_)
    taken[wish] = True
    return taken


def _suits(model: ParkModel, held: Rows, cause: npt.NDArray[np.int8], offered: Rows) -> npt.NDArray[np.bool_]:
    """Say who of those about to leave would take which posts: another firm's, and better paid if they go for pay."""
    posts, firms = model.posts, model.firms
    pay = wage_premium(model.chance, posts.identity[held], firms.identity[posts.firm[offered]])
    better = (cause != WAGE) | (pay > posts.premium[held])
    return np.asarray(better & (posts.firm[held] != posts.firm[offered]))


def _move_on(
    model: ParkModel, going: Rows, cause: npt.NDArray[np.int8], who: npt.NDArray[np.intp], new: Rows
) -> None:
    """Let all of these leave their posts, and those of them who found another in the park take it.

    These stay the person they are: home, ties and the children's places come along.
    """
    posts = model.posts
    stays = np.zeros(going.size, dtype=np.bool_)
    stays[who] = True
    old = going[who]
    people = {name: getattr(posts, name)[old] for name in (*PERSON, *_KEPT)}
    model.leave(going[~stays], cause[~stays])
    model.vacate(old, cause[who])
    model.seat(new, people)
    model.ties.follow(old, new, len(posts))
    homes.leave_barred_flats(model, new)


def applicants(model: ParkModel) -> npt.NDArray[np.intp]:
    """Return which of the people who left in earlier months apply in the park this month."""
    seekers = model.seekers
    luck = model.chance.uniform("apply", model.month, seekers.identity)
    often = model.spec.parameters.hiring.seek_in_park
    return np.flatnonzero((luck < often) & (seekers.left < model.month))


class Seekers:
    """People who left a post, stayed in the city and may come back: the columns of a person, plus ``left``.

    Attributes
    ----------
    left : int array
        Month of leaving.
    on_the_job : pair of arrays
        Between quitting and hiring: posts of those who have quit and try the park's vacancies first, and why
        they go.
    """

    def __init__(self) -> None:
        self.on_the_job = NOBODY
        self.left = np.empty(0, dtype=np.int32)
        self._data = {name: np.empty(0, dtype) for name, (dtype, _) in PERSON.items()}

    @property
    def identity(self) -> npt.NDArray[np.uint64]:
        """Identities, in order of leaving."""
        return self._data["identity"]

    def __len__(self) -> int:
        return len(self.left)

    def add(self, people: dict[str, npt.NDArray[np.generic]], month: int) -> None:
        """Add people who left in `month`."""
        for name in self._data:
            self._data[name] = np.concatenate([self._data[name], people[name]])
        self.left = np.concatenate([self.left, np.full(len(people["identity"]), month, dtype=np.int32)])

    def take(self, index: npt.NDArray[np.intp]) -> dict[str, npt.NDArray[np.generic]]:
        """Return copies of some people's columns."""
        return {name: column[index] for name, column in self._data.items()}

    def drop(self, index: npt.NDArray[np.intp]) -> None:
        """Forget people who found a post."""
        self._keep(np.delete(np.arange(len(self)), index))

    def forget_before(self, month: int) -> None:
        """Forget people who left before `month`."""
        if len(self) and self.left[0] < month:
            self._keep(np.flatnonzero(self.left >= month))

    def forget_cohort(self) -> None:
        """Start counting afresh who was employed at month 0: nobody here was."""
        self._data["cohort"] = np.full(len(self), -1, dtype=np.int32)

    def _keep(self, index: npt.NDArray[np.intp]) -> None:
        self._data = self.take(index)
        self.left = self.left[index]
