"""The first month: firms by size in their buildings, posts on their floors, people in their homes.

Sizes are stratified quantiles of a truncated Pareto law, scaled to the exact total, with named anchors put in
by hand; everything else is a draw addressed by identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import Floats, combine
from parksim.errors import ParksimError
from parksim.firms.birth import first_firms
from parksim.firms.offices import choose_building, free, lots, move_in
from parksim.newcomers import arrive, begin_post
from parksim.phases import travel
from parksim.phases.staying import tenure_factor

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.parameters import StayingParameters
    from parksim.scenario.schema import Enterprises
    from parksim.table import Rows

_LONGEST_TENURE = 480  # months
_FIRST_JOB_AGE = 18


def sizes(firms: Enterprises, total: int) -> npt.NDArray[np.int64]:
    """Sizes of the firms that are no anchors: stratified quantiles of a truncated Pareto law, exact in total.

    Parameters
    ----------
    firms : Enterprises
    total : int
        Employees of these firms together.

    Returns
    -------
    int array, largest first

    Raises
    ------
    ParksimError
        If there are more firms than employees.
    """
    count = firms.count - len(firms.anchors)
    if count <= 0:
        return np.empty(0, dtype=np.int64)
    if total < count:
        raise ParksimError(f"{count} enterprises cannot share {total} employees: every firm has at least one")
    a, low, high = firms.size_exponent, float(firms.size_min), float(firms.size_max)
    u = (np.arange(count) + 0.5) / count
    quantile = low * (1 - u * (1 - (high / low) ** -a)) ** (-1 / a)
    # Scaling keeps the exponent of the tail; firms that would fall below one worker have one.
    scaled = quantile * total / quantile.sum()
    for _ in range(50):
        small = scaled < 1
        rest = scaled[~small].sum()
        if not small.any() or rest <= 0:
            break
        scaled[small] = 1
        scaled[~small] *= (total - small.sum()) / rest
        if (scaled >= 1 - 1e-12).all():
            break
    whole = np.maximum(np.floor(scaled), 1).astype(np.int64)
    order = np.argsort(-(scaled - whole), kind="stable")
    lacking = total - int(whole.sum())
    if lacking >= 0:
        whole[order[: lacking % count]] += 1
        whole += lacking // count
    else:
        for k in np.argsort(-whole, kind="stable"):
            cut = min(-lacking, int(whole[k]) - 1)
            whole[k] -= cut
            lacking += cut
            if lacking == 0:
                break
    return np.sort(whole)[::-1]


def found(model: ParkModel) -> None:
    """Found the firms, open their posts, and fill them."""
    _firms(model)
    travel.settle(model)
    _people(model)


def _firms(model: ParkModel) -> None:
    scenario, firms, chance = model.spec, model.firms, model.chance
    enterprises = scenario.enterprises
    anchors = enterprises.anchors
    offices = model.offices
    ids = (
        chance.identities("anchor", np.arange(len(anchors), dtype=np.uint64))
        if anchors
        else np.empty(0, np.uint64)
    )
    for a, anchor in enumerate(anchors):
        own = offices.of_anchor[a]
        main = own[np.argmax(offices.capacity[own])]
        row = firms.add(
            1,
            identity=ids[a],
            active=True,
            sector=model.sector_index(anchor.sector),
            building=main,
            anchor=a,
            born=-round(anchor.age_years * 12),
        )
        move_in(model, row, np.array([anchor.employees]), everybody=True)
    rest = sizes(enterprises, scenario.population.employees - sum(a.employees for a in anchors))
    ids = chance.identities("firm", np.arange(rest.size, dtype=np.uint64))
    age = np.ceil(chance.exponential("firm/age", 0, ids) * enterprises.mean_age_years * 12).astype(np.int64)
    sector = model.draw_sectors(ids)
    building = np.empty(rest.size, dtype=np.intp)

    def add(new: slice) -> Rows:
        return firms.add(
            new.stop - new.start,
            identity=ids[new],
            active=True,
            sector=sector[new],
            building=building[new],
            born=-age[new],
        )

    room, settled = free(model) * offices.market, 0
    for k, (size, lot) in enumerate(zip(rest, lots(model, ids), strict=True)):
        at = choose_building(lot, room, float(size), offices.shown[:, sector[k]])
        building[k] = at if at >= 0 else np.argmax(room)
        if room[building[k]] >= size:
            room[building[k]] -= size
        else:  # no building has room for all of it
            model.open_posts(add(slice(settled, k)), rest[settled:k])
            move_in(model, add(slice(k, k + 1)), rest[[k]], everybody=True)
            room, settled = free(model) * offices.market, k + 1
    model.open_posts(add(slice(settled, rest.size)), rest[settled:])
    first_firms(model)


def _people(model: ParkModel) -> None:
    posts = model.posts
    rows = np.flatnonzero(posts.firm >= 0)
    posts.fill[rows] = 1
    arrive(model, rows, model.spec.population)
    begin_post(model, rows)
    posts.filled[rows] = True
    born = -model.firms.born[posts.firm[rows]]
    oldest = np.minimum(born, ((posts.age[rows] - _FIRST_JOB_AGE) * 12).astype(np.int64))
    tenure = _tenure(model, posts.identity[rows], np.maximum(oldest, 0))
    posts.since[rows] = model.month - tenure
    posts.premium[rows] = _premium_after(model, posts.premium[rows].astype(np.float64), tenure)


def _hazard_so_far(p: StayingParameters) -> Floats:
    """Cumulative hazard of quitting after so many whole months with the employer, at the usual wage, [month]."""
    hazard = np.minimum(p.quit_monthly * tenure_factor(p, np.arange(_LONGEST_TENURE)), 0.999)
    return np.asarray(np.r_[0.0, np.cumsum(-np.log1p(-hazard))])


def _tenure(
    model: ParkModel, ids: npt.NDArray[np.uint64], longest: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Draw months with the employer from the law that constant hiring and the hazard by tenure and wage lead to.

    Of those hired t months ago the share ``E exp(-H(t) (1 - w + 2 w V))`` is here, with w the share of better
    offers in the hazard and V uniform: the share of like people who are paid better.
    """
    p = model.spec.parameters.staying
    so_far = _hazard_so_far(p)[:-1]
    spread = np.maximum(2 * p.wage_share * so_far, 1e-9)
    alive = np.exp(-(1 - p.wage_share) * so_far) * -np.expm1(-spread) / spread
    below: Floats = np.r_[0.0, np.cumsum(alive)]
    reach = np.minimum(longest + 1, _LONGEST_TENURE)
    u = model.chance.uniform("tenure", 0, combine(ids, 1)) * below[reach]
    return np.minimum(np.searchsorted(below, u, side="right") - 1, longest)


def _premium_after(model: ParkModel, premium: Floats, tenure: npt.NDArray[np.int64]) -> Floats:
    """Return the wages of those who are still here: the badly paid have left, the more the longer ago.

    V (:func:`_tenure`) is uniform at hire; among those still here after t months its density is proportional to
    ``exp(-2 w H(t) V)``. The ranks of the draws are kept.
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415  (scipy is slow to import)

    p = model.spec.parameters.staying
    tilt = 2 * p.wage_share * _hazard_so_far(p)[tenure]
    at_hire = ndtr(-premium)
    now = np.where(tilt > 1e-9, -np.log1p(at_hire * np.expm1(-tilt)) / np.maximum(tilt, 1e-9), at_hire)
    return np.asarray(-ndtri(now))
