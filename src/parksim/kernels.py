"""Loops over people that Numba compiles where it is installed (extra ``fast``); without it numpy does the same.

Only integers, look-ups, comparisons and sums of fixed order live here, so that both ways give the same bits: speed
is all that the extra changes. What needs ``exp`` or ``log`` stays in numpy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

    Compile = Callable[[Callable[..., Any]], Callable[..., Any]]

U64 = np.uint64
Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Modes = npt.NDArray[np.int8]

MIX1 = U64(0xBF58476D1CE4E5B9)
MIX2 = U64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = U64(30), U64(27), U64(31), U64(11)
_TWO53 = 2.0**-53
_CHUNK = 16384  # elements: what fits the second-level cache together with its temporaries


# --- splitmix64's finaliser (Steele, Lea, Flood 2014) ----------------------------------------------


def _mix_in_place(x: Ids, scratch: Ids) -> None:
    np.right_shift(x, _S30, out=scratch)
    np.bitwise_xor(x, scratch, out=x)
    np.multiply(x, MIX1, out=x)
    np.right_shift(x, _S27, out=scratch)
    np.bitwise_xor(x, scratch, out=x)
    np.multiply(x, MIX2, out=x)
    np.right_shift(x, _S31, out=scratch)
    np.bitwise_xor(x, scratch, out=x)


def mix_numpy(x: Ids) -> None:
    """Mix every number of a contiguous array in place."""
    flat = x.reshape(-1)
    scratch = np.empty(min(_CHUNK, flat.size), dtype=U64)
    for start in range(0, flat.size, _CHUNK):
        part = flat[start : start + _CHUNK]
        _mix_in_place(part, scratch[: part.size])


def uniform_numpy(ids: Ids, key: np.uint64, step: np.uint64, out: Floats) -> None:
    """Write ``(mix(mix(ids ^ key) + step) >> 11 + 0.5) / 2**53`` to `out`; flat arrays."""
    scratch = np.empty(min(_CHUNK, ids.size), dtype=U64)
    for start in range(0, ids.size, _CHUNK):
        x = np.bitwise_xor(ids[start : start + _CHUNK], key)
        s = scratch[: x.size]
        _mix_in_place(x, s)
        np.add(x, step, out=x)
        _mix_in_place(x, s)
        np.right_shift(x, _S11, out=x)
        np.add(x, 0.5, out=out[start : start + _CHUNK])
    out *= _TWO53


def _mix_loop(x: Ids) -> None:
    for i in range(x.size):
        z = x[i]
        z = (z ^ (z >> _S30)) * MIX1
        z = (z ^ (z >> _S27)) * MIX2
        x[i] = z ^ (z >> _S31)


def _uniform_loop(ids: Ids, key: np.uint64, step: np.uint64, out: Floats) -> None:
    for i in range(ids.size):
        z = ids[i] ^ key
        z = (z ^ (z >> _S30)) * MIX1
        z = (z ^ (z >> _S27)) * MIX2
        z = (z ^ (z >> _S31)) + step
        z = (z ^ (z >> _S30)) * MIX1
        z = (z ^ (z >> _S27)) * MIX2
        z = z ^ (z >> _S31)
        out[i] = (np.float64(z >> _S11) + 0.5) * _TWO53


# --- sums over needs -------------------------------------------------------------------------------


def gather_numpy(
    tables: Floats, unit: npt.NDArray[np.integer], needs: npt.NDArray[np.uint32], out: Floats
) -> None:
    """Add up four look-ups for each person: ``tables[kind, byte, unit * 256 + value]``, into ``out[kind, person]``."""
    start = np.asarray(unit, dtype=np.intp) * 256
    out[:] = 0.0
    for k in range(tables.shape[1]):
        at = start + ((needs >> np.uint32(8 * k)) & np.uint32(0xFF))
        for kind in range(len(tables)):
            out[kind] += np.take(tables[kind, k], at)


def _gather_loop(
    tables: Floats, unit: npt.NDArray[np.integer], needs: npt.NDArray[np.uint32], out: Floats
) -> None:
    kinds, bytes_, _ = tables.shape
    for i in range(unit.size):
        start = unit[i] * 256
        for kind in range(kinds):
            total = 0.0
            for k in range(bytes_):
                total += tables[kind, k, start + ((needs[i] >> np.uint32(8 * k)) & np.uint32(0xFF))]
            out[kind, i] = total


# --- one mode of travel -----------------------------------------------------------------------------


def way_numpy(
    who: Rows,
    cell: Rows,
    person: tuple[Floats, Floats],
    place: tuple[Floats, Floats, Floats],
    worth: tuple[float, float],
    minutes: Floats,
    utility: Floats,
) -> None:
    """Write door-to-desk minutes and utility of one mode for those who may take it.

    ``minutes = round(fixed + spread * stretch + up, 2)`` and ``utility = constant + weight * minutes + price``.

    Parameters
    ----------
    who, cell : int arrays
        Positions of those who may, and the cell of (zone, building) of everybody.
    person : two float arrays [person]
        Spread of the home around its zone's middle, and minutes up to the desk.
    place : three float arrays [cell]
        Minutes fixed, minutes that grow with the spread, utility of what it costs.
    worth : two floats
        Constant of the mode, and utility of a minute.
    minutes, utility : float arrays [who]
        Written to.
    """
    (spread, up), (fixed, stretch, price), (constant, weight) = person, place, worth
    there = cell[who]
    np.multiply(spread[who], stretch[there], out=minutes)
    minutes += fixed[there]
    minutes += up[who]
    np.round(minutes, 2, out=minutes)
    np.multiply(minutes, weight, out=utility)
    utility += constant
    utility += price[there]


def best_numpy(
    who: Rows, offer: tuple[Floats, Floats, Floats], mode: int, best: Floats, chosen: Modes, minutes: Floats
) -> None:
    """Take a mode where utility plus error beats the best so far; `offer` is utility, error, minutes of `who`."""
    utility, error, time = offer
    value = utility + error
    better = value > best[who]
    at = who[better]
    best[at], chosen[at], minutes[at] = value[better], mode, time[better]


def _way_loop(
    who: Rows,
    cell: Rows,
    person: tuple[Floats, Floats],
    place: tuple[Floats, Floats, Floats],
    worth: tuple[float, float],
    minutes: Floats,
    utility: Floats,
) -> None:
    (spread, up), (fixed, stretch, price), (constant, weight) = person, place, worth
    for k in range(who.size):
        i = who[k]
        there = cell[i]
        time = np.rint((spread[i] * stretch[there] + fixed[there] + up[i]) * 100.0) / 100.0
        minutes[k] = time
        utility[k] = time * weight + constant + price[there]


def _best_loop(
    who: Rows, offer: tuple[Floats, Floats, Floats], mode: int, best: Floats, chosen: Modes, minutes: Floats
) -> None:
    utility, error, time = offer
    for k in range(who.size):
        value = utility[k] + error[k]
        if value > best[who[k]]:
            best[who[k]] = value
            chosen[who[k]] = mode
            minutes[who[k]] = time[k]


def _compiler() -> Compile | None:
    """Numba's compiler, if it is installed and ``PARKSIM_FAST`` does not say 0."""
    if os.environ.get("PARKSIM_FAST", "1") == "0":
        return None
    try:
        from numba import njit  # noqa: PLC0415  (an extra)
    except ImportError:
        return None
    compile_: Compile = njit(cache=True, nogil=True)
    return compile_


_compile = _compiler()
FAST = _compile is not None
"""Whether the loops are compiled."""

mix = _compile(_mix_loop) if _compile else mix_numpy
uniform = _compile(_uniform_loop) if _compile else uniform_numpy
gather = _compile(_gather_loop) if _compile else gather_numpy
way = _compile(_way_loop) if _compile else way_numpy
best = _compile(_best_loop) if _compile else best_numpy
