"""Loops over people that Numba compiles where it is installed (extra ``fast``); without it numpy does the same.

Only integers, look-ups, comparisons and sums of fixed order live here, so that both ways give the same bits: speed
is all that the extra changes. What needs ``exp`` or ``log`` stays in numpy.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim.matching import least, pairs_within

if TYPE_CHECKING:
    from collections.abc import Callable

    Compile = Callable[[Callable[..., Any]], Callable[..., Any]]

U64 = np.uint64
Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Ints = npt.NDArray[np.integer]
Modes = npt.NDArray[np.int8]

MIX1 = U64(0xBF58476D1CE4E5B9)
MIX2 = U64(0x94D049BB133111EB)
GOLDEN = U64(0x9E3779B97F4A7C15)
_S30, _S27, _S31, _S11 = U64(30), U64(27), U64(31), U64(11)
_TWO53 = 2.0**-53
_ROUNDING = 1 + 1e-9  # so that a bound stays one however it is rounded
_CHUNK = 16384  # elements: what fits the second-level cache together with its temporaries


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


def _ways(loop: Callable[..., Any], arrays: Callable[..., Any]) -> Callable[..., Any]:
    """Return the loop, compiled, or what does the same with arrays."""
    return _compile(loop) if _compile else arrays


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


def _mixed(z: Any) -> Any:
    z = (z ^ (z >> _S30)) * MIX1
    z = (z ^ (z >> _S27)) * MIX2
    return z ^ (z >> _S31)


def _number(identity: Any, key: Any, step: Any) -> Any:
    return (np.float64(_mixed(_mixed(identity ^ key) + step) >> _S11) + 0.5) * _TWO53


if _compile:
    _mixed = _compile(_mixed)
    _number = _compile(_number)


def _pair_numbers(one: Ids, other: Ids, key: np.uint64, out: Floats) -> None:
    """Draw for pairs of identities, as :func:`parksim.chance.combine` makes them."""
    with np.errstate(over="ignore"):
        pair = one * GOLDEN + other
    mix_numpy(pair)
    uniform_numpy(pair, key, GOLDEN, out)


def _mix_loop(x: Ids) -> None:
    for i in range(x.size):
        x[i] = _mixed(x[i])


def _uniform_loop(ids: Ids, key: np.uint64, step: np.uint64, out: Floats) -> None:
    for i in range(ids.size):
        out[i] = _number(ids[i], key, step)


mix = _ways(_mix_loop, mix_numpy)
uniform = _ways(_uniform_loop, uniform_numpy)


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


def tally_numpy(
    unit: npt.NDArray[np.integer], needs: npt.NDArray[np.uint32], weights: Floats, counts: Floats
) -> None:
    """Add each person's weight, or 1 where there are none, to ``counts[byte, unit * 256 + value]``."""
    start = np.asarray(unit, dtype=np.intp) * 256
    for k in range(len(counts)):
        at = start + ((needs >> np.uint32(8 * k)) & np.uint32(0xFF))
        counts[k] += np.bincount(at, weights if weights.size else None, counts.shape[1])


def _tally_loop(
    unit: npt.NDArray[np.integer], needs: npt.NDArray[np.uint32], weights: Floats, counts: Floats
) -> None:
    for i in range(unit.size):
        start, weight = unit[i] * 256, weights[i] if weights.size else 1.0
        for k in range(len(counts)):
            counts[k, start + ((needs[i] >> np.uint32(8 * k)) & np.uint32(0xFF))] += weight


gather = _ways(_gather_loop, gather_numpy)
tally = _ways(_tally_loop, tally_numpy)


# --- races among a few options ----------------------------------------------------------------------


def options_numpy(
    ids: Ids,
    of: tuple[Rows, npt.NDArray[np.uint32], Rows],
    option: tuple[Ids, Floats],
    key: np.uint64,
    taken: Rows,
    u: Floats,
    ends: Rows,
) -> None:
    """List the options that people need, one person after the other, and draw a number u for each.

    The loop leaves out those that cannot be first in a race by ``-log(u) / pull``: since -log(u) lies between 1 - u
    and (1 - u) / u, few logarithms are needed to tell who is.

    Parameters
    ----------
    ids : uint64 array [person]
    of : int array [person], uint32 array [person], int array [place, kind + 1]
        Place and needs, bit by bit, of each person; and where the options of each kind begin at each place.
    option : uint64, float arrays [option]
        Identity and pull.
    key : uint64
        Of the decision and month, as in :mod:`parksim.chance`.
    taken, u : int, float arrays, as long as the options of all persons' places together
        Options, and numbers in (0, 1); written to.
    ends : int array [person]
        Where each person's options end in these; written to.
    """
    (place, needs, begins), (code, _) = of, option
    kinds = begins.shape[1] - 1
    who, kind = np.nonzero((needs[:, None] >> np.arange(kinds, dtype=np.uint32)) & np.uint32(1))
    start = begins[place[who], kind]
    many = begins[place[who], kind + 1] - start
    ends[:] = np.cumsum(np.bincount(who, many, ids.size)).astype(np.intp)
    total = int(many.sum())
    there = np.repeat(start - np.cumsum(many) + many, many) + np.arange(total)
    taken[:total] = there
    _pair_numbers(np.repeat(ids[who], many), code[there], key, u[:total])


def _options_loop(
    ids: Ids,
    of: tuple[Rows, npt.NDArray[np.uint32], Rows],
    option: tuple[Ids, Floats],
    key: np.uint64,
    taken: Rows,
    u: Floats,
    ends: Rows,
) -> None:
    (place, needs, begins), (code, pull) = of, option
    k = 0
    for i in range(ids.size):
        most = np.inf  # what the first one's number is at most
        for kind in range(begins.shape[1] - 1):
            if (needs[i] >> np.uint32(kind)) & np.uint32(1):
                for r in range(begins[place[i], kind], begins[place[i], kind + 1]):
                    drawn = _number(_mixed(ids[i] * GOLDEN + code[r]), key, GOLDEN)
                    low = (1.0 - drawn) / pull[r]
                    if low <= most:
                        taken[k], u[k] = r, drawn
                        k += 1
                        most = min(most, low / drawn * _ROUNDING)
        ends[i] = k


def first_numpy(taken: Rows, luck: Floats, pull: Floats, ends: Rows, out: Rows) -> None:
    """Write each person's option of least ``luck / pull`` to `out`, -1 where there is none; lists as above."""
    one = np.repeat(np.arange(ends.size), np.diff(ends, prepend=0))
    chosen = least(one, luck / pull[taken])
    out[:] = -1
    out[one[chosen]] = taken[chosen]


def _first_loop(taken: Rows, luck: Floats, pull: Floats, ends: Rows, out: Rows) -> None:
    k = 0
    for i in range(ends.size):
        best, chosen = np.inf, -1
        while k < ends[i]:
            race = luck[k] / pull[taken[k]]
            if race < best:
                best, chosen = race, taken[k]
            k += 1
        out[i] = chosen


def mates_numpy(
    ids: Ids,
    firm: Ints,
    runs: tuple[Rows, Rows],
    key: np.uint64,
    out: Rows,
) -> None:
    """Write for each person the one of the same group and another firm whose number is least, -1 if there is none.

    Parameters
    ----------
    ids : uint64 array [person]
    firm : int array [person]
    runs : int array [person], int array [run + 1]
        People in the order of their groups, and where each group begins there.
    key : uint64
        As for :func:`options_numpy`; a pair's number is not the same both ways.
    out : int array [person]
        Written to.
    """
    order, begins = runs
    group = np.empty(ids.size, dtype=np.intp)
    group[order] = np.repeat(np.arange(begins.size - 1), np.diff(begins))
    one, other = pairs_within(group, group)
    fits = firm[one] != firm[other]
    one, other = one[fits], other[fits]
    u = np.empty(one.size)
    _pair_numbers(ids[one], ids[other], key, u)
    chosen = least(one, u)
    out[:] = -1
    out[one[chosen]] = other[chosen]


def _mates_loop(
    ids: Ids,
    firm: Ints,
    runs: tuple[Rows, Rows],
    key: np.uint64,
    out: Rows,
) -> None:
    order, begins = runs
    for run in range(begins.size - 1):
        for a in range(begins[run], begins[run + 1]):
            one, best, chosen = order[a], 2.0, -1
            for b in range(begins[run], begins[run + 1]):
                other = order[b]
                if firm[one] != firm[other]:
                    u = _number(_mixed(ids[one] * GOLDEN + ids[other]), key, GOLDEN)
                    if u < best:
                        best, chosen = u, other
            out[one] = chosen


options = _ways(_options_loop, options_numpy)
first = _ways(_first_loop, first_numpy)
mates = _ways(_mates_loop, mates_numpy)


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


way = _ways(_way_loop, way_numpy)
best = _ways(_best_loop, best_numpy)
