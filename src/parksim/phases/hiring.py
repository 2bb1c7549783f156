"""Hiring: vacancies mature after a search, and are taken by leavers of the last months or by strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Floats, combine
from parksim.matching import least, pairs_within
from parksim.newcomers import arrive, begin_post
from parksim.people import PERSON

if TYPE_CHECKING:
    from parksim.model import ParkModel

_DAYS_PER_MONTH = 365 / 12


def play(model: ParkModel) -> None:
    """Fill the vacancies whose search ends this month."""
    posts, firms, chance, month = model.posts, model.firms, model.chance, model.month
    vacant = np.flatnonzero((posts.firm >= 0) & ~posts.filled)
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


def vacancy_identity(model: ParkModel, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.uint64]:
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


def _from_the_park(
    model: ParkModel, matured: npt.NDArray[np.intp], address: npt.NDArray[np.uint64]
) -> npt.NDArray[np.bool_]:
    """Let leavers of the last months apply; they meet the vacancies of their segment of the labour market.

    Each applicant prefers one vacancy (an exponential race over the segment); a lottery settles who gets it.
    """
    p, chance, month = model.spec.parameters.hiring, model.chance, model.month
    taken = np.zeros(matured.size, dtype=np.bool_)
    model.seekers.forget_before(month - round(p.seek_months))
    seekers = model.seekers
    if len(seekers) == 0 or matured.size == 0:
        return taken
    apply = applicants(model)
    if apply.size == 0:
        return taken
    segments = np.uint64(round(p.market_segments))
    here = combine(seekers.identity[apply], month) % segments
    there = combine(address, month) % segments
    one, post = pairs_within(here, there)
    pairs = combine(seekers.identity[apply[one]], address[post])
    preferred = least(one, chance.exponential("apply/which", month, pairs))
    people, wish = apply[one[preferred]], post[preferred]
    first = least(wish, chance.uniform("apply/lot", month, seekers.identity[people]))
    people, wish = people[first], wish[first]
    model.seat(matured[wish], seekers.take(people))
    taken[wish] = True
    seekers.drop(people)
    return taken


def applicants(model: ParkModel) -> npt.NDArray[np.intp]:
    """Return which of the people who left in earlier months apply in the park this month."""
    seekers = model.seekers
    luck = model.chance.uniform("apply", model.month, seekers.identity)
    often = model.spec.parameters.hiring.seek_in_park
    return np.flatnonzero((luck < often) & (seekers.left < model.month))


class Seekers:
    """People who left a post, stayed in the city and may come back: the columns of a person, plus ``left``."""

    def __init__(self) -> None:
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
