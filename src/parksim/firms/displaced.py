"""Displaced: firms that have to leave a block under renewal, where they go, and which of them come back.

While a block is vacated each of its firms leaves in a month of its own. It takes floor elsewhere in the park
if there is some and its rent is not too far above the old one, else it moves out of the park. When the block
reopens each firm is asked once whether it comes back; that, too, depends on the rent. Each displaced firm is
at all times in one of four states, :data:`WHERE`; none is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.chance import combine, name_code
from parksim.firms import cash
from parksim.firms.moving import sit
from parksim.firms.offices import choose_building, free, going_rent, lots
from parksim.phases.staying import DISPLACED
from parksim.scenario.renewal import schedule
from parksim.table import Table

if TYPE_CHECKING:
    import pandas as pd

    from parksim.chance import Floats, Ids
    from parksim.model import ParkModel
    from parksim.scenario.schema import Renewal
    from parksim.table import Rows

Ints = npt.NDArray[np.int64]

WHERE = ("elsewhere", "outside", "back", "gone")
"""In the park but in another block; outside, waiting for the block to reopen; back in it; closed or gone for good."""
ELSEWHERE, OUTSIDE, BACK, GONE = range(len(WHERE))


class Displaced:
    """The register of displaced firms: a row each, kept for ever.

    Attributes
    ----------
    table : Table
        The columns of a firm as it was when it left (`size`: posts), and ``block``, ``left`` (month),
        ``lease`` (its rent, CNY a square metre a month) and ``where`` (position in :data:`WHERE`). Who is
        displaced again waits for the block it left last.
    now, returned : int
        Firms displaced and firms that came back this month.
    """

    def __init__(self, firm: dict[str, tuple[Any, Any]]) -> None:
        self.columns = tuple(firm)
        more = {"block": (object, ""), "left": (np.int32, 0), "lease": (np.float32, 0), "where": (np.int8, 0)}
        self.table = Table({**firm, **more})
        self.now = self.returned = 0

    def enter(self, model: ParkModel, row: int, block: str, where: int) -> None:
        """Register a firm that leaves a block."""
        mine = {name: getattr(model.firms, name)[row] for name in self.columns}
        known = np.flatnonzero(self.table.identity == mine["identity"])
        at = known if known.size else self.table.add(1)
        for name, value in mine.items():
            getattr(self.table, name)[at] = value
        self.table.block[at] = block
        self.table.left[at] = model.month
        self.table.lease[at] = mine["rent"]
        self.table.where[at] = where
        self.now += 1

    def to_pandas(self) -> pd.DataFrame:
        """Return a row a displaced firm: ``enterprise, block, month, posts, rent, where``."""
        import pandas as pd  # noqa: PLC0415  (slow to import)

        t = self.table
        return pd.DataFrame(
            {
                "enterprise": t.identity,
                "block": t.block,
                "month": t.left,
                "posts": t.size,
                "rent": t.lease,
                "where": np.array(WHERE, dtype=object)[t.where],
            }
        )


def play(model: ParkModel) -> None:
    """Let firms leave blocks that are vacated, and come back to those that reopen this month."""
    register, p = model.displaced, model.spec.parameters.renewal
    register.now = register.returned = 0
    for renewal in model.layout.renewals:
        if renewal.stage == "vacating":
            vacate(model, renewal)
        elif renewal.stage == "reopened" and schedule(renewal, p)[1] == model.month:
            come_back(model, renewal)
    if len(register.table):
        forget(model)


# --- leaving -------------------------------------------------------------------------------------


def vacate(model: ParkModel, renewal: Renewal) -> None:
    """Let the firms whose month it is leave the block, one after the other in the order of a lottery."""
    firms, posts, place, chance = model.firms, model.posts, model.place, model.chance
    begins, _ = schedule(renewal, model.spec.parameters.renewal)
    inside = np.array([b.block == renewal.block for b in place.buildings])
    mine = np.flatnonzero((posts.firm >= 0) & inside[place.unit_building[posts.unit]])
    at_home = np.flatnonzero(firms.active & inside[firms.building])
    rows = np.union1d(posts.firm[mine], at_home).astype(np.intp)
    ids = firms.identity[rows]
    months = begins - renewal.month
    when = np.floor(chance.uniform("renewal/leaves", 0, combine(ids, name_code(renewal.name))) * months)
    rows, ids = rows[renewal.month + when <= model.month], ids[renewal.month + when <= model.month]
    if rows.size == 0:
        return
    room = _room(model)
    rent = going_rent(model, free(model))
    for row in rows[np.argsort(chance.uniform("floor", model.month, ids), kind="stable")]:
        here = mine[posts.firm[mine] == row]
        seats = find_floor(model, int(row), room, here.size)
        if not inside[firms.building[row]]:  # a branch: it moves, or closes
            _move_branch(model, int(row), here, seats, room)
        elif seats is not None and accepts(model, renewal, int(row), float(rent[seats].mean())):
            model.displaced.enter(model, int(row), renewal.block, ELSEWHERE)
            room -= np.bincount(seats, minlength=room.size)
            _move(model, int(row), here, seats, rent, "firm_moves")
        else:
            model.displaced.enter(model, int(row), renewal.block, OUTSIDE)
            _move_out(model, int(row))


def _room(model: ParkModel) -> Floats:
    return np.where(model.offices.market, np.maximum(free(model), 0.0), 0.0)


def find_floor(model: ParkModel, row: int, room: Floats, posts: int) -> npt.NDArray[np.intp] | None:
    """Return a building for each post of a firm; None where the park has no room for them all.

    One building drawn in proportion to its room, as valleys let it; who fits into none as a whole takes the
    roomiest ones.
    """
    posts = max(posts, 1)
    sector = int(model.firms.sector[row])
    room = np.where(model.offices.lets[:, sector] > 0, room, 0.0)
    shown = model.offices.shown[:, sector]
    (lot,) = lots(model, model.firms.identity[[row]])
    one = choose_building(lot, room, float(posts), shown)
    if one >= 0:
        return np.full(posts, one, dtype=np.intp)
    if room.sum() < posts:
        return None
    order = np.argsort(-room, kind="stable")
    return np.repeat(order, room[order].astype(np.int64))[:posts]


def accepts(model: ParkModel, renewal: Renewal, row: int, rent: float) -> bool:
    """Say whether a displaced firm takes floor at this rent."""
    address = combine(model.firms.identity[[row]], name_code(renewal.name))
    odds = rent_odds(model, float(model.firms.rent[row]), rent)
    return bool(model.chance.uniform("renewal/stays", 0, address)[0] < odds)


def rent_odds(model: ParkModel, old: float, new: float) -> float:
    """Odds that a firm takes floor at a new rent: ``(new / old) ** elasticity``, at most 1."""
    elasticity = model.spec.parameters.renewal.rent_elasticity
    return float(min((max(new, 1.0) / max(old, 1.0)) ** elasticity, 1.0))


def _move(
    model: ParkModel, row: int, posts: Rows, seats: npt.NDArray[np.intp], rent: Floats, event: str
) -> None:
    """Move a firm of the park to other floor, at its own cost."""
    firms = model.firms
    sit(model, posts, seats[: posts.size])
    firms.building[row] = seats[0]
    firms.rent[row] = rent[seats[0]]
    _pay_for_moving(model, row, posts.size)
    one = firms.identity[[row]]
    model.log(event, one, one, model.building_names(seats[:1]))


def _pay_for_moving(model: ParkModel, row: int, posts: int) -> None:
    cash.support(model, np.array([row]), -model.spec.parameters.renewal.move_cost_worker * posts)


def _move_branch(
    model: ParkModel, row: int, here: Rows, seats: npt.NDArray[np.intp] | None, room: Floats
) -> None:
    """Move the posts of a firm that has its home in another block, or close them."""
    if seats is None:
        model.close_posts(here, DISPLACED)
        model.firms.size[row] -= here.size
    else:
        room -= np.bincount(seats, minlength=room.size)
        sit(model, here, seats)
        _pay_for_moving(model, row, here.size)


def _move_out(model: ParkModel, row: int) -> None:
    """Let a firm move out of the park: its people look for something else, as after every removal."""
    one = model.firms.identity[[row]]
    model.close_posts(np.flatnonzero(model.posts.firm == row), DISPLACED)
    model.log("firm_exit", one, one, np.array([DISPLACED], dtype=np.int8))
    model.firm_exits += 1
    model.firms.release(np.array([row]))


# --- coming back ---------------------------------------------------------------------------------


def come_back(model: ParkModel, renewal: Renewal) -> None:
    """Ask every firm that left the block whether it comes back; who is outside and does not, never will."""
    table, chance = model.displaced.table, model.chance
    asked = np.flatnonzero((table.block == renewal.block) & (table.where <= OUTSIDE))
    if asked.size == 0:
        return
    inside = np.array([b.block == renewal.block for b in model.place.buildings])
    room = np.where(inside, _room(model), 0.0)
    rent = going_rent(model, free(model))
    row_of = {int(model.firms.identity[row]): row for row in np.flatnonzero(model.firms.active)}
    for k in asked[np.argsort(chance.uniform("floor", model.month, table.identity[asked]), kind="stable")]:
        row = int(row_of.get(int(table.identity[k]), -1))
        if row < 0 and table.where[k] == ELSEWHERE:
            continue  # it left the park for reasons of its own
        building = _building_back(model, renewal, int(k), row, room, rent)
        if building < 0:
            table.where[k] = ELSEWHERE if row >= 0 else GONE
            continue
        size = int(model.firms.size[row] if row >= 0 else table.size[k])
        room[building] -= size
        seats = np.full(max(size, 1), building, dtype=np.intp)
        if row >= 0:
            _move(model, row, np.flatnonzero(model.posts.firm == row), seats, rent, "firm_returns")
        else:
            _move_back_in(model, int(k), building, float(rent[building]))
        table.where[k] = BACK
        model.displaced.returned += 1


def _building_back(model: ParkModel, renewal: Renewal, k: int, row: int, room: Floats, rent: Floats) -> int:
    """Return the building that a displaced firm comes back to; -1 if it does not."""
    table, p = model.displaced.table, model.spec.parameters.renewal
    size = float(model.firms.size[row] if row >= 0 else table.size[k])
    sector = int(table.sector[k])
    room = np.where(model.offices.lets[:, sector] > 0, room, 0.0)
    (lot,) = lots(model, table.identity[[k]])
    building = choose_building(lot, room, max(size, 1.0), model.offices.shown[:, sector])
    if building < 0:
        return -1
    odds = p.return_share * rent_odds(model, float(table.lease[k]), float(rent[building]))
    address: Ids = combine(table.identity[[k]], name_code(renewal.name))
    return building if model.chance.uniform("renewal/returns", 0, address)[0] < odds else -1


def _move_back_in(model: ParkModel, k: int, building: int, rent: float) -> None:
    """Let a firm come back from outside, as it was when it left; its posts are vacant."""
    table, firms = model.displaced.table, model.firms
    columns = {name: getattr(table, name)[k] for name in model.displaced.columns}
    posts = int(columns.pop("size"))
    row = firms.add(1, **{**columns, "building": building, "rent": rent, "size": 0})
    model.open_posts(row, np.array([posts]))
    _pay_for_moving(model, int(row[0]), posts)
    one = firms.identity[row]
    model.log("firm_returns", one, one, model.building_names(np.array([building])))


def forget(model: ParkModel) -> None:
    """Write off who is no longer in the park, and who closed while waiting outside: by age, as every firm."""
    from parksim.phases.enterprises import exit_by_age  # noqa: PLC0415  (the phase calls this module)

    table, month = model.displaced.table, model.month
    here = np.isin(table.identity, model.firms.identity[model.firms.active])
    table.where[~here & np.isin(table.where, (ELSEWHERE, BACK))] = GONE
    waiting = np.flatnonzero(table.where == OUTSIDE)
    yearly = exit_by_age(model.spec.parameters.enterprises, (month - table.born[waiting]) / 12)
    closes = model.chance.uniform("exit", month, table.identity[waiting]) < -np.expm1(np.log1p(-yearly) / 12)
    table.where[waiting[closes]] = GONE
