"""What can be reached on foot from each building, by the layout alone: before anyone queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim.scenario.categories import CATEGORIES
from parksim.world.place import Place

if TYPE_CHECKING:
    from parksim.scenario.schema import Scenario

Floats = npt.NDArray[np.float64]


def reach(scenario: Scenario) -> Floats:
    """Return the share of the promised kinds of places within reach of each building.

    For each circle of the scenario, every category it names counts as reached where people of the building
    may use a place of that kind, inside or outside the park, within the circle's minutes on foot from the
    desk. The share is over all pairs of circle and category. A place for the staff of an anchor enterprise
    counts for all buildings of its block.

    Parameters
    ----------
    scenario : Scenario
        Its layout at month 0.

    Returns
    -------
    array of float, shape (buildings,)
        In the order of :func:`parksim.world.grid.read_map`; nan for buildings where nobody works.
    """
    place = Place(scenario, scenario.layout)
    promises = [
        (circle.minutes, category) for circle in scenario.circles.values() for category in circle.categories
    ]
    out = np.full(len(place.buildings), np.nan)
    number = {name: i for i, name in enumerate(CATEGORIES)}
    for b, building in enumerate(place.buildings):
        if not building.workplace or not promises:
            continue
        units = np.flatnonzero(place.unit_building == b)
        walk = np.where(place.usable[units].any(axis=0), place.walk[units[0]], np.inf)
        reached = [
            bool((walk[place.category == number[category]] <= minutes).any())
            for minutes, category in promises
        ]
        out[b] = float(np.mean(reached))
    return out


def by_site(scenario: Scenario, values: Floats, lang: str = "en") -> list[tuple[str, float]]:
    """Return values of buildings averaged over each block, weighed by floor area, with the block's name.

    Parameters
    ----------
    scenario : Scenario
    values : array of float, shape (buildings,)
        nan is left out.
    lang : str
        Language of the names.
    """
    from parksim.world.grid import read_map  # noqa: PLC0415

    buildings = read_map(scenario.map).buildings
    blocks: dict[str, list[int]] = {}
    for i, building in enumerate(buildings):
        if np.isfinite(values[i]):
            blocks.setdefault(building.block or building.name, []).append(i)
    out = []
    for members in blocks.values():
        named = min((buildings[i] for i in members), key=lambda b: (len(b.site), b.site))
        name = named.site_zh if lang == "zh" and named.site_zh else named.site
        weight = np.array([buildings[i].m2 for i in members])
        out.append((name, float(np.average(values[members], weights=weight))))
    return sorted(out)
