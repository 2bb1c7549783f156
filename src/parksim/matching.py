"""Meetings in groups: all pairs of people and things that share a group, and the best of each one's pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.intp]


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
