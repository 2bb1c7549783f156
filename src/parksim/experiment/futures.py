"""What nobody knows: the uncertain parameters of a scenario, and one draw of them for each replication."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from parksim.chance import named_uniform
from parksim.scenario import parameters, paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parksim.scenario.parameters import Grade
    from parksim.scenario.schema import Scenario

DRAWN: frozenset[Grade] = frozenset({"B", "C", "assumed"})
"""Grades that are drawn; what is official or peer-reviewed (A) stays as it is."""


@dataclass(frozen=True, slots=True)
class Uncertain:
    """One number of a scenario that is known only within a range.

    Attributes
    ----------
    path : str
        Where it stands, as ``parameters.staying.tie``.
    low, mode, high : float
        Ends of the plausible range, and the scenario's own value, clipped into the range; without a
        mode (nan) all values are equally likely.
    grade : str
        ``B``, ``C`` or ``assumed``.
    whole : bool
        Whether draws are rounded to whole numbers, as for a head-count.
    """

    path: str
    low: float
    mode: float
    high: float
    grade: Grade
    whole: bool = False

    def at(self, u: float) -> float:
        """Return the quantile `u` (0 to 1) of this number's distribution, triangular where it has a mode."""
        flat = math.isnan(self.mode)
        value = (
            self.low + u * (self.high - self.low) if flat else triangular(u, self.low, self.mode, self.high)
        )
        return round(value) if self.whole else value


def triangular(u: float, low: float, mode: float, high: float) -> float:
    """Return the quantile `u` of the triangular distribution with these ends and this mode."""
    width = high - low
    if width <= 0:
        return mode
    left = (mode - low) / width
    if u < left:
        return low + math.sqrt(u * width * (mode - low))
    return high - math.sqrt((1 - u) * width * (high - mode))


def uncertain(scenario: Scenario) -> list[Uncertain]:
    """List what is drawn anew in each replication of a comparison.

    These are the entries of the parameter table with grade B, C or assumed and a range, and the numbers
    for which the scenario's ``sources`` give such a grade and a range. What the scenario's ``sources`` say
    about a path goes before the table: an entry with grade A, or without a range, holds the path fixed.

    Parameters
    ----------
    scenario : Scenario
        Any scenario. Paths into the layout (amenities, gateways, …) concern this scenario alone, as
        :meth:`~parksim.scenario.schema.Scenario.with_` does not change the layout ``before``: give a
        range to a layout number only where its plain member may keep the default.

    Returns
    -------
    list of Uncertain
        Sorted by path.
    """
    found = {}
    for row in parameters.table():
        if row["path"] not in scenario.sources:
            found[row["path"]] = (row["low"], row["high"], row["grade"])
    for path, source in scenario.sources.items():
        if source.range is not None:
            found[path] = (*source.range, source.grade)
    out = []
    for path in sorted(found):
        low, high, grade = found[path]
        if grade not in DRAWN or not low < high:
            continue
        value = paths.get(scenario, path)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            mode = min(max(float(value), low), high)
            out.append(Uncertain(path, float(low), mode, float(high), grade, whole=isinstance(value, int)))
    return out


def draw(scenario: Scenario, seed: int, *, held: Iterable[str] = ()) -> dict[str, Any]:
    """Draw the uncertain numbers of a scenario for the replication with this seed.

    Every draw belongs to (seed, path): another uncertain path changes no other draw, and scenarios of one
    family draw the same values for what they share.

    Parameters
    ----------
    scenario : Scenario
        Whose numbers.
    seed : int
        Seed of the replication.
    held : iterable of str
        Paths that are not drawn, as the levers of a sweep.

    Returns
    -------
    dict
        Value by path, to be given to :meth:`~parksim.scenario.schema.Scenario.with_`.
    """
    fixed = set(held)
    return {
        number.path: number.at(named_uniform(seed, number.path))
        for number in uncertain(scenario)
        if number.path not in fixed
    }
