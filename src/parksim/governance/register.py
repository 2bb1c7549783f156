"""The register: requests to the chain, with category and desk place, until somebody answers them.

A request enters at the lowest level of the chain that its author knows; who knows none asks at the first
channel he knows (:mod:`parksim.phases.community`). In each month a level looks at as many requests as it can,
by lot; it answers a share and passes the rest on, so that one request may climb the whole chain within a month.
What the last level cannot answer is on the council's agenda. Whatever is open is answered, too, when a place
of its category that its author may use opens, grows or extends its hours within reach.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.chance import combine
from parksim.governance import council
from parksim.governance.asking import CODES, NAMES, circle_minutes, matter

if TYPE_CHECKING:
    import pandas as pd

    from parksim.model import ParkModel
    from parksim.scenario.organs import Level

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

DAYS_IN_MONTH = 365.25 / 12
OPEN = np.dtype(
    [
        ("row", np.int32),
        ("identity", np.uint64),
        ("category", np.int8),
        ("unit", np.int32),
        ("asked", np.int32),
        ("level", np.int8),
        ("days", np.float64),
        ("supply", np.float64),
        ("promised", np.bool_),
    ]
)
"""One open request: its author's post and identity, what for and from which desk place, the month it was made,
the level it lies at (as many as there are levels: the agenda), days the levels took so far, places times hours
within reach when it was made, and whether something was decided for it."""


@dataclass
class Register:
    """What is open, and the names of the levels it lies at."""

    open: npt.NDArray[np.void] = field(default_factory=lambda: np.empty(0, dtype=OPEN))
    levels: tuple[str, ...] = ()

    @property
    def address(self) -> npt.NDArray[np.uint64]:
        """Identity of each request: who asks for what."""
        return combine(self.open["identity"], CODES[self.open["category"]])

    def table(self, model: ParkModel) -> pd.DataFrame:
        """Return what is open as a DataFrame: ``identity, category, building, asked, level, promised``."""
        import pandas as pd  # noqa: PLC0415

        place, names = model.place, [*self.levels, "agenda"]
        return pd.DataFrame(
            {
                "identity": self.open["identity"],
                "category": [NAMES[c] for c in self.open["category"]],
                "building": [place.buildings[place.unit_building[u]].name for u in self.open["unit"]],
                "asked": self.open["asked"],
                "level": [names[k] for k in self.open["level"]],
                "promised": self.open["promised"],
            }
        )


@dataclass
class Answers:
    """What the register did in a month.

    Attributes
    ----------
    asked : int
        New requests.
    rows, months, days : arrays [answer]
        Post of who is answered, month of the request, and days it took.
    unanswered : int array
        Posts of those who asked this month, for the first time or again, and still wait.
    """

    asked: int
    rows: Rows
    months: npt.NDArray[np.int32]
    days: Floats
    unanswered: Rows


def first_known(model: ParkModel, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    """Return the lowest level of the chain that each person knows, -1 for none; for good, as with channels."""
    level_of = np.full(ids.size, -1, dtype=np.int8)
    for k, level in enumerate(model.layout.governance.chain):
        left = np.flatnonzero(level_of < 0)
        knows = model.chance.uniform(f"request/{level.name}/known", 0, ids[left]) < level.awareness
        level_of[left[knows]] = k
    return level_of


def supply(model: ParkModel) -> Floats:
    """Places times opening hours a day within reach that people may use, [unit, category].

    Reach is the circle's minutes, or ``services.reach_min`` where no circle promises the category.
    """
    place = model.place
    if not place.amenities:
        return np.zeros((len(place.unit_building), len(NAMES)))
    radius = np.minimum(circle_minutes(model), model.spec.parameters.services.reach_min)
    offered = np.array([a.capacity * (a.closes - a.opens) for a in place.amenities])
    within = place.usable & (place.walk <= radius[place.category])
    of = (place.category[:, None] == np.arange(len(NAMES))).astype(np.float64)
    return np.asarray((within * offered) @ of)


def play(model: ParkModel, rows: Rows, entry: npt.NDArray[np.int8]) -> Answers:
    """Enter the month's requests, let the chain work, and close what is answered, lapsed or whose author left.

    Parameters
    ----------
    model : ParkModel
    rows : int array [request]
        Posts of those who ask in the chain.
    entry : int array [request]
        Level that each knows.
    """
    book, p, month, posts = model.register, model.spec.parameters.governance, model.month, model.posts
    chain = model.layout.governance.chain
    _rename(book, tuple(level.name for level in chain))
    there = posts.identity[book.open["row"]] == book.open["identity"]
    book.open = book.open[there & (month - book.open["asked"] < p.lapse_months)]
    book.open["unit"] = posts.unit[book.open["row"]]  # a desk may have moved
    if not rows.size and not len(book.open):
        return Answers(0, rows, book.open["asked"], np.empty(0), rows)
    offered = supply(model)
    asked, pressing = _enter(model, rows, entry, offered)
    one = book.open
    now = offered[one["unit"], one["category"]]
    answered = now > one["supply"] * (1 + 1e-9) + 1e-9
    for k, level in enumerate(chain):
        at = np.flatnonzero(~answered & (one["level"] == k))
        _work(model, level, at, answered, ranked=k == len(chain) - 1)
    done = one[answered]
    book.open = one[~answered]
    return Answers(
        asked,
        done["row"].astype(np.intp),
        done["asked"],
        done["days"] + (month - done["asked"]) * DAYS_IN_MONTH,
        rows[np.isin(pressing, book.address)],
    )


def _rename(book: Register, names: tuple[str, ...]) -> None:
    """Follow a change of the chain: what lay at a level that is gone begins anew; without a chain it is lost."""
    if names == book.levels:
        return
    if not names:
        book.open = book.open[:0]
    old = {name: k for k, name in enumerate(names)}
    moved = np.array([*(old.get(name, 0) for name in book.levels), len(names)], dtype=np.int8)
    book.open["level"] = moved[book.open["level"]]
    book.levels = names


def _enter(
    model: ParkModel, rows: Rows, entry: npt.NDArray[np.int8], offered: Floats
) -> tuple[int, npt.NDArray[np.uint64]]:
    """Write new requests down and count them; who has one open for the same category only reminds of it.

    Also returns who asks for what, new or not, as an address of each of `rows`.
    """
    book, posts = model.register, model.posts
    if rows.size == 0:
        return 0, np.empty(0, dtype=np.uint64)
    new = np.zeros(rows.size, dtype=OPEN)
    new["row"], new["identity"], new["unit"] = rows, posts.identity[rows], posts.unit[rows]
    new["category"], new["asked"], new["level"] = matter(model, rows), model.month, entry
    new["supply"] = offered[new["unit"], new["category"]]
    address = combine(new["identity"], CODES[new["category"]])
    new = new[~np.isin(address, book.address)] if len(book.open) else new
    book.open = np.concatenate([book.open, new])
    return len(new), address


def _work(model: ParkModel, level: Level, at: Rows, answered: npt.NDArray[np.bool_], *, ranked: bool) -> None:
    """Let one level look at what lies there, as much as it can: answer or pass on."""
    if at.size == 0:
        return
    book, chance, month = model.register, model.chance, model.month
    one, address = book.open, book.address[at]
    building = model.place.unit_building[one["unit"][at]]
    block = model.offices.block[building]
    lot = chance.uniform(f"request/{level.name}/lot", month, address)
    if ranked:  # a race at rates of the weights: who weighs twice as much is twice as likely to come first
        lot = -np.log(lot) / council.weights(model)[block]
    order, most = np.argsort(lot, kind="stable"), int(level.capacity_month)
    if level.each == "park":
        heard = order[:most]
    else:
        group = (block if level.each == "block" else building)[order]
        by_group = np.argsort(group, kind="stable")
        start = np.flatnonzero(np.diff(group[by_group], prepend=-1) != 0)
        rank = np.arange(at.size) - np.repeat(start, np.diff(np.r_[start, at.size]))
        heard = order[by_group[rank < most]]
    at, address = at[heard], address[heard]
    one["days"][at] += level.delay_days * chance.exponential(f"request/{level.name}/delay", month, address)
    solved = chance.uniform(f"request/{level.name}/solves", month, address) < level.solves
    if level.categories:
        able = np.isin(one["category"][at], [NAMES.index(name) for name in level.categories])
        solved &= able
    answered[at[solved]] = True
    one["level"][at[~solved]] += 1
