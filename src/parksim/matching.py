"""Who is together with whom: pairs within groups, the best of each one's pairs, and counts by two labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Index = npt.NDArray[np.intp]
Ids = npt.NDArray[np.uint64]


def pairs_within(group_a: npt.NDArray[np.integer], group_b: npt.NDArray[np.integer]) -> tuple[Index, Index]:
    """List every pair of an a and a b of the same group.

    Parameters
    ----------
    group_a, group_b : int arrays
        Group of each a and each b.

    Returns
    -------
    a, b : int arrays [pair]
        Positions in `group_a` and `group_b`; pairs of one a stand together, in the order of the a's.
    """
    order = np.argsort(group_b, kind="stable")
    known, start = np.unique(group_b[order], return_index=True)
    if known.size == 0 or group_a.size == 0:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    count = np.diff(np.r_[start, order.size])
    at = np.minimum(np.searchsorted(known, group_a), known.size - 1)
    mates = np.where(known[at] == group_a, count[at], 0)
    a = np.repeat(np.arange(group_a.size), mates)
    within = np.arange(a.size) - np.repeat(np.cumsum(mates) - mates, mates)
    return a, order[np.repeat(start[at], mates) + within]


def least(one: Index, value: npt.NDArray[np.floating]) -> Index:
    """Return, for each distinct entry of `one`, the position where `value` is least, in ascending order of entries."""
    if one.size == 0:
        return np.empty(0, dtype=np.intp)
    order = np.arange(one.size) if (one[1:] >= one[:-1]).all() else np.argsort(one, kind="stable")
    value = value[order]
    start = np.flatnonzero(np.r_[True, np.diff(one[order]) != 0])
    smallest = np.minimum.reduceat(value, start)
    hits = np.flatnonzero(value == np.repeat(smallest, np.diff(np.r_[start, value.size])))
    first = hits[np.searchsorted(hits, start)]  # two equal draws: the one that stands first
    return order[first]


def cross_table(
    one: npt.NDArray[np.integer], other: npt.NDArray[np.integer], shape: tuple[int, int]
) -> csr_array:
    """Count by two labels, as a sparse array [one, other] of floats.

    Like things mostly stand together, as the posts of a firm do: stretches are counted before they are sorted.
    """
    from scipy.sparse import csr_array  # noqa: PLC0415  (scipy is slow to import)

    key = one.astype(np.int64) * shape[1] + other
    start = np.flatnonzero(np.diff(key, prepend=-1))
    count = np.diff(start, append=key.size).astype(np.float64)
    return csr_array((count, np.divmod(key[start], shape[1])), shape=shape)  # sums what is alike


def positions_of(wanted: Ids, known: Ids) -> Index:
    """Find identities in a list of distinct ones.

    Identities are random numbers: a table by their last bits finds nearly all, and few are left to be sorted.

    Parameters
    ----------
    wanted, known : uint64 arrays
        Those of `known` are distinct.

    Returns
    -------
    int array, shape of `wanted`
        Position in `known`, -1 for what is not there.
    """
    slots = 1 << max(4, min(22, int(16 * known.size).bit_length()))
    mask, place = np.uint64(slots - 1), np.arange(known.size, dtype=np.int32)
    table = np.full(slots, -1, dtype=np.int32)
    slot = (known & mask).astype(np.intp)
    table[slot] = place
    guess = table[(wanted & mask).astype(np.intp)]
    out = np.where(guess >= 0, guess, 0).astype(np.intp)
    there = guess >= 0
    if known.size:
        there &= known[out] == wanted
    out[~there] = -1
    hidden = np.flatnonzero(table[slot] != place)  # another identity has the same last bits
    if hidden.size:
        left = np.flatnonzero(~there & (guess >= 0))
        order = np.argsort(known[hidden])
        hidden = hidden[order]
        at = np.minimum(np.searchsorted(known[hidden], wanted[left]), hidden.size - 1)
        right = known[hidden[at]] == wanted[left]
        out[left[right]] = hidden[at[right]]
    return out
