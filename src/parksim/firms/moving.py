"""Moving: posts keep their building by its name when the layout changes, or are moved to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.firms.offices import free

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.table import Rows
    from parksim.world.place import Place

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def carry(model: ParkModel, before: Place) -> None:
    """Let posts, firms and times find their buildings in the new layout again.

    Those whose building is gone, or is no workplace any more, find floor elsewhere in the park at once; for
    month 0 of a member of a family that stands otherwise than its plain park. A renewal vacates a block
    first.

    Parameters
    ----------
    model : ParkModel
        In its new layout.
    before : Place
        The place as it was.
    """
    place, posts = model.place, model.posts
    number = {b.name: k for k, b in enumerate(place.buildings)}
    building = np.array([number.get(b.name, -1) for b in before.buildings], dtype=np.intp)
    held = posts.firm >= 0
    if not np.array_equal(building, np.arange(len(place.buildings))):
        there = building[before.unit_building]
        unit = np.array(
            [
                place.unit_of.get((b, a), b)
                for b, a in zip(there.tolist(), before.unit_anchor.tolist(), strict=True)
            ],
            dtype=np.intp,
        )
        posts.unit[held] = unit[posts.unit[held]]
        settled = model.firms.building >= 0
        model.firms.building[settled] = building[model.firms.building[settled]]
        _carry_times(model, building)
    _let_nobody_sit_nowhere(model)
    rows = np.flatnonzero(posts.firm >= 0)
    storeys = model.offices.storeys[place.unit_building[posts.unit[rows]]]
    posts.floor[rows] = np.minimum(posts.floor[rows], storeys)


def _carry_times(model: ParkModel, building: Ints) -> None:
    """Keep the expected times of buildings that are still there; to new ones one expects the mean."""
    state, count = model.travel, len(model.place.buildings)
    kept = np.flatnonzero(building >= 0)
    expected = np.repeat(state.expected.mean(axis=1, keepdims=True), count, axis=1)
    expected[:, building[kept]] = state.expected[:, kept]
    state.expected = expected
    state.car_delay = np.empty(0)  # the next month begins with empty roads
    state.warm = None


def _let_nobody_sit_nowhere(model: ParkModel) -> None:
    """Move posts out of buildings that are gone or no workplace: by lot to where there is room.

    Where nothing has room for all of a firm they sit closer, in the roomiest building.
    """
    posts, firms, place = model.posts, model.firms, model.place
    works = np.array([b.workplace for b in place.buildings] + [False])
    at = np.where(posts.firm >= 0, np.append(place.unit_building, -1)[posts.unit], 0)
    lost = np.flatnonzero((posts.firm >= 0) & ~works[at])
    homeless = np.flatnonzero(firms.active & ~works[firms.building])
    if lost.size == 0 and homeless.size == 0:
        return
    rows = np.union1d(posts.firm[lost], homeless).astype(np.intp)
    some = int(np.argmax(model.offices.capacity))
    posts.unit[lost] = some  # somewhere, to count who sits in the other buildings
    room = free(model)
    room[some] += lost.size
    room = np.where(model.offices.market, np.maximum(room, 0.0), 0.0)
    lot = model.chance.uniform("floor", model.month, firms.identity[rows])
    for row in rows[np.argsort(lot, kind="stable")]:
        mine = lost[posts.firm[lost] == row]
        building = nearest_room(model, room, mine.size, int(firms.building[row]))
        if building < 0:
            building = int(np.argmax(room)) if room.any() else some
        room[building] = max(room[building] - mine.size, 0.0)
        sit(model, mine, np.full(mine.size, building))
        if not works[firms.building[row]]:
            firms.building[row] = building


def nearest_room(model: ParkModel, room: Floats, posts: int, home: int) -> int:
    """Return the building nearest to a firm's own that has room for so many posts, -1 if none has.

    The roomiest where the firm's own is gone.
    """
    fits = np.flatnonzero(room >= max(posts, 1))
    if fits.size == 0:
        return -1
    if home < 0:
        return int(fits[np.argmax(room[fits])])
    return int(fits[np.argmin(model.offices.minutes[home, fits])])


def sit(model: ParkModel, rows: Rows, building: npt.NDArray[np.integer]) -> None:
    """Move posts to desks in these buildings; the storey belongs to (post, building)."""
    posts, firms = model.posts, model.firms
    anchor = firms.anchor[posts.firm[rows]]
    posts.unit[rows] = [
        model.place.unit_of.get((int(b), int(a)), int(b)) for b, a in zip(building, anchor, strict=True)
    ]
    ids = model.chance.identities(
        "post", firms.identity[posts.firm[rows]], posts.post[rows].astype(np.uint64)
    )
    u = model.chance.uniform("post/floor", 0, ids)
    posts.floor[rows] = 1 + np.floor(u * model.offices.storeys[building])
