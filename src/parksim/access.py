"""Access to services by floating catchments: supply per head, shared among all who can reach it in time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from parksim.errors import ParksimError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = "NDArray[np.float64]"
Decay: TypeAlias = Callable[[FloatArray], "ArrayLike"]

__all__ = [
    "DECAYS",
    "LUO_QI_SHARP",
    "LUO_QI_SLOW",
    "AccessError",
    "enhanced_two_step_fca",
    "three_step_fca",
    "two_step_fca",
]

LUO_QI_SLOW = (1.0, 0.68, 0.22)
"""Weights of the three zones, first set of Luo & Qi (2009): 0-10, 10-20 and 20-30 minutes."""
LUO_QI_SHARP = (1.0, 0.42, 0.09)
"""Their second set, for services of which people want the nearest."""


class AccessError(ParksimError, ValueError):
    """A supply, population, travel time or decay that no measure of access can use."""


def _step(x: FloatArray) -> FloatArray:
    return np.ones_like(x)


def _gaussian(x: FloatArray) -> FloatArray:
    edge = math.exp(-0.5)
    return (np.exp(-0.5 * x**2) - edge) / (1 - edge)


def _exponential(x: FloatArray) -> FloatArray:
    return np.exp(-3.0 * x)


def _power(x: FloatArray) -> FloatArray:
    return np.maximum(10.0 * x, 1.0) ** -2.0


def _linear(x: FloatArray) -> FloatArray:
    return 1.0 - x


def _epanechnikov(x: FloatArray) -> FloatArray:
    return 1.0 - x**2


DECAYS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "step": _step,
    "none": _step,
    "gaussian": _gaussian,
    "exponential": _exponential,
    "power": _power,
    "linear": _linear,
    "epanechnikov": _epanechnikov,
}
"""Decays by name, each a weight for x = minutes / catchment in 0 … 1; beyond the catchment all are 0.

============  ================================  =========================================================
step, none    1                                 Luo & Wang 2003
gaussian      (e^(-x²/2) - e^-½) / (1 - e^-½)   Dai 2010; falls to 0 at the edge
exponential   e^(-3x)                           5 % at the edge (convention)
power         max(10 x, 1)^-2                   flat over the first tenth, then gravity; 1 % at the edge
linear        1 - x                             Schuurman et al. 2010
epanechnikov  1 - x²                            Dai & Wang 2011 (their factor ¾ cancels)
============  ================================  =========================================================
"""


def two_step_fca(
    supply: ArrayLike,
    population: ArrayLike,
    minutes: ArrayLike,
    catchment: float,
    decay: str | Decay = "step",
) -> FloatArray:
    r"""Supply per head within reach, by the two-step floating catchment area method.

    First every supply is divided among all who can reach it, then every place adds up the shares in reach:

    .. math:: R_j = \frac{S_j}{\sum_i f(d_{ij}) P_i},\qquad A_i = \sum_j f(d_{ij}) R_j

    (Luo & Wang 2003, *Environment and Planning B* 30; with a decay f: Dai 2010; Wang 2012). Shares are
    conserved: Σ P_i A_i is the sum of the supply that anyone can reach.

    Parameters
    ----------
    supply : array_like, shape (m,)
        Capacity S of each place of supply (seats, places, doctors), finite, ≥ 0.
    population : array_like, shape (n,)
        People P at each place of demand, finite, ≥ 0.
    minutes : array_like, shape (n, m)
        Travel time d[i, j] from demand i to supply j, ≥ 0; `inf` where there is no way.
    catchment : float
        Longest travel time that counts, in minutes, > 0, its edge included; `inf` for none (with "step" or a
        function).
    decay : str or callable, default "step"
        A name in `DECAYS`, or a function that takes a 1-d array of minutes (all within the catchment) and
        returns weights ≥ 0 of the same shape.

    Returns
    -------
    ndarray of float64, shape (n,)
        Access A, units of supply per head. A place without people has the access its first inhabitant would
        see. A supply in whose reach nobody lives adds nothing.

    Raises
    ------
    AccessError
        If shapes disagree, a value is NaN or negative, or the decay is unknown or returns such values.
    """
    capacity, people, times = _inputs(supply, population, minutes)
    return _share_out(capacity, people, _weights(times, catchment, decay))


def enhanced_two_step_fca(
    supply: ArrayLike,
    population: ArrayLike,
    minutes: ArrayLike,
    catchment: float = 30.0,
    *,
    zones: Sequence[float] | None = None,
    weights: Sequence[float] = LUO_QI_SLOW,
) -> FloatArray:
    r"""Supply per head with weights that fall from zone to zone, by the enhanced two-step method (E2SFCA).

    .. math:: R_j = \frac{S_j}{\sum_r W_r \sum_{i: d_{ij} \in D_r} P_i},\qquad
              A_i = \sum_r W_r \sum_{j: d_{ij} \in D_r} R_j

    (Luo & Qi 2009, *Health & Place* 15). It is `two_step_fca` with a staircase for a decay.

    Parameters
    ----------
    supply, population, minutes : array_like
        As for `two_step_fca`.
    catchment : float, default 30
        Outer edge of the last zone, minutes; without `zones` it is cut into zones of equal width.
    zones : sequence of float, optional
        Upper edges of the zones D_r, minutes, rising, each edge included; the last replaces `catchment`.
    weights : sequence of float, default `LUO_QI_SLOW`
        Weight W of each zone, ≥ 0.

    Returns
    -------
    ndarray of float64, shape (n,)
        Access A, units of supply per head.

    Raises
    ------
    AccessError
        As for `two_step_fca`, and if zones do not rise or are not as many as the weights.
    """
    capacity, people, times = _inputs(supply, population, minutes)
    step = np.asarray(weights, dtype=np.float64)
    if zones is None:
        _check_catchment(catchment, finite=True)
        edges = catchment * np.arange(1, step.size + 1) / max(step.size, 1)
    else:
        edges = np.asarray(zones, dtype=np.float64)
    if step.ndim != 1 or step.size == 0 or edges.shape != step.shape:
        raise AccessError(f"{edges.size} zones for {step.size} weights: every zone needs one weight")
    if not (np.all(np.diff(edges, prepend=0.0) > 0)):
        raise AccessError(f"zones = {edges.tolist()}: upper edges must rise from above 0")
    if not np.all((step >= 0) & np.isfinite(step)):
        raise AccessError(f"weights = {step.tolist()}: must be finite and ≥ 0")
    staircase = np.append(step, 0.0)
    return _share_out(capacity, people, staircase[np.searchsorted(edges, times, side="left")])


def three_step_fca(
    supply: ArrayLike,
    population: ArrayLike,
    minutes: ArrayLike,
    catchment: float,
    decay: str | Decay = "gaussian",
) -> FloatArray:
    r"""Supply per head where a near alternative lessens the demand on a far one, by the three-step method.

    A place first spreads its people over the supplies in reach, then the two steps follow:

    .. math:: G_{ij} = \frac{f(d_{ij})}{\sum_k f(d_{ik})},\qquad
              R_j = \frac{S_j}{\sum_i G_{ij} f(d_{ij}) P_i},\qquad A_i = \sum_j G_{ij} f(d_{ij}) R_j

    (Wan, Zou & Sternberg 2012, *International Journal of Geographical Information Science* 26). The same
    weights serve for choice and for distance, as there. Shares are conserved as in `two_step_fca`.

    Parameters
    ----------
    supply, population, minutes, catchment : array_like and float
        As for `two_step_fca`.
    decay : str or callable, default "gaussian"
        As for `two_step_fca`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Access A, units of supply per head.

    Raises
    ------
    AccessError
        As for `two_step_fca`.
    """
    capacity, people, times = _inputs(supply, population, minutes)
    weight = _weights(times, catchment, decay)
    total = weight.sum(axis=1, keepdims=True)
    choice = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return _share_out(capacity, people, choice * weight)


def _share_out(supply: FloatArray, population: FloatArray, weight: FloatArray) -> FloatArray:
    """Divide each supply by its weighted demand and add up what each place reaches."""
    demand = population @ weight
    per_head = np.divide(supply, demand, out=np.zeros_like(supply), where=demand > 0)
    access: FloatArray = weight @ per_head
    return access


def _inputs(
    supply: ArrayLike, population: ArrayLike, minutes: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    capacity = np.asarray(supply, dtype=np.float64)
    people = np.asarray(population, dtype=np.float64)
    times = np.asarray(minutes, dtype=np.float64)
    for name, values in (("supply", capacity), ("population", people)):
        if values.ndim != 1:
            raise AccessError(f"{name} has shape {values.shape}: must be one value a place")
        _refuse(name, values, ~((values >= 0) & np.isfinite(values)), "must be finite and ≥ 0")
    if times.shape != (people.size, capacity.size):
        raise AccessError(
            f"minutes has shape {times.shape}: must be {(people.size, capacity.size)}, people by supply"
        )
    _refuse("minutes", times, ~(times >= 0), "must be ≥ 0, or inf where there is no way")
    return capacity, people, times


def _refuse(name: str, values: FloatArray, bad: NDArray[np.bool_], rule: str) -> None:
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        raise AccessError(f"{name}[{', '.join(map(str, place))}] = {values[place]:g}: {rule}")


def _check_catchment(catchment: float, *, finite: bool) -> None:
    if not catchment > 0 or (finite and math.isinf(catchment)):
        raise AccessError(f"catchment = {catchment}: must be {'finite and ' if finite else ''}> 0 minutes")


def _weights(minutes: FloatArray, catchment: float, decay: str | Decay) -> FloatArray:
    """Weight of every pair, 0 where there is no way or it is longer than the catchment."""
    if isinstance(decay, str) and decay not in DECAYS:
        raise AccessError(f"decay = '{decay}' is unknown{nearest(decay, DECAYS)}")
    _check_catchment(catchment, finite=isinstance(decay, str) and decay not in {"step", "none"})
    near = (minutes <= catchment) & np.isfinite(minutes)
    reached = minutes[near]
    weight = np.zeros_like(minutes)
    if isinstance(decay, str):
        weight[near] = DECAYS[decay](reached / catchment)
        return weight
    values = np.asarray(decay(reached), dtype=np.float64)
    if values.shape != reached.shape:
        raise AccessError(f"decay returned shape {values.shape} for {reached.shape} minutes: must be equal")
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        k = int(np.argmax(bad))
        raise AccessError(f"decay({reached[k]:g} min) = {values[k]:g}: weights must be finite and ≥ 0")
    weight[near] = values
    return weight
