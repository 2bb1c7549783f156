"""Addressed random numbers: the only module that draws.

A draw has an address (seed, decision, month, identity), so the same question put to the same person in
the same month has the same answer in every scenario, whoever else lives there and in whatever order
people are asked. The number at an address is ``mix(mix(identity ^ key) + c)``, with the finaliser of
splitmix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA) as ``mix``.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim import cores, kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

U64 = np.uint64
Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_GOLDEN = kernels.GOLDEN
_MASK = (1 << 64) - 1
_RACES_AT_ONCE = 8192


def _mix_int(x: int) -> int:
    x = ((x ^ (x >> 30)) * int(kernels.MIX1)) & _MASK
    x = ((x ^ (x >> 27)) * int(kernels.MIX2)) & _MASK
    return x ^ (x >> 31)


@lru_cache(maxsize=4096)
def name_code(name: str) -> int:
    """Return a stable 64-bit number for a name (of a decision, an amenity, a zone)."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def named_uniform(seed: int, name: str) -> float:
    """Return one uniform number in (0, 1) that belongs to (seed, name); for draws outside a run."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "little") >> 11) + 0.5) * 2.0**-53


def named_seed(seed: int, name: str) -> int:
    """Return a 63-bit seed that belongs to (seed, name), as the seed of a replication."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def combine(ids: Ids | int, other: Ids | int) -> Ids:
    """Return the identities of pairs, as (person, alternative) or (employer, post, fill)."""
    left, right = (
        np.atleast_1d(np.asarray(x & _MASK if isinstance(x, int) else x, dtype=U64)) for x in (ids, other)
    )
    with np.errstate(over="ignore"):
        x = left * _GOLDEN + right
    kernels.mix(x.reshape(-1))
    return x


class Chance:
    """The luck of one run.

    Parameters
    ----------
    seed : int
        Two runs with the same seed meet the same luck wherever they ask the same question.
    """

    __slots__ = ("_base", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = int(seed)
        self._base = _mix_int((self.seed * 0x9E3779B97F4A7C15 + 1) & _MASK)

    def key(self, decision: str, month: int) -> int:
        """Return the 64-bit key of a decision in a month."""
        return _mix_int((self._base ^ name_code(decision)) + month & _MASK)

    def uniform(self, decision: str, month: int, ids: Ids, c: int = 0) -> Floats:
        """Draw one number in (0, 1) for each identity.

        Parameters
        ----------
        decision : str
            What is decided; another name is another stream.
        month : int
            Month of the run, or any other counter that tells occasions apart.
        ids : array of uint64, any shape
            Who decides.
        c : int
            Number of the draw within the decision.

        Returns
        -------
        array of float64, shape of `ids`
            With 53 bits, never 0 and never 1.
        """
        key, step = U64(self.key(decision, month)), U64((c + 1) * int(_GOLDEN) & _MASK)
        flat = np.ascontiguousarray(ids, dtype=U64).reshape(-1)
        out = np.empty(flat.shape, dtype=np.float64)
        kernels.uniform(flat, key, step, out)
        return out.reshape(np.shape(ids))

    def uniform_each(self, occasions: Sequence[tuple[str, int]], ids: Ids) -> Floats:
        """Draw as :meth:`uniform` for several (decision, month) at once, [occasion, identity]."""
        keys = np.array([self.key(decision, month) for decision, month in occasions], dtype=U64)
        crossed = np.bitwise_xor(keys[:, None], ids)
        out = np.empty(crossed.shape, dtype=np.float64)
        kernels.uniform(crossed.reshape(-1), U64(0), _GOLDEN, out.reshape(-1))
        return out

    def exponential(self, decision: str, month: int, ids: Ids, c: int = 0) -> Floats:
        """Draw standard exponential numbers, shape of `ids`."""
        u = self.uniform(decision, month, ids, c)
        np.log(u, out=u)
        return np.negative(u, out=u)

    def gumbel(self, decision: str, month: int, ids: Ids, c: int = 0) -> Floats:
        """Draw standard Gumbel numbers, shape of `ids`: the errors of a logit choice."""
        return _gumbel(self.uniform(decision, month, ids, c))

    def gumbel_each(self, occasions: Sequence[tuple[str, int]], ids: Ids) -> Floats:
        """Draw as :meth:`gumbel` for several (decision, month) at once, [occasion, identity]."""
        return _gumbel(self.uniform_each(occasions, ids))

    def first_of(
        self,
        decision: str,
        month: int,
        ids: Ids,
        of: tuple[Rows, npt.NDArray[np.uint32], Rows],
        option: tuple[Ids, Floats],
    ) -> Rows:
        """Draw one of a few options for each person, in proportion to its pull; -1 for those who have none.

        Of an option's exponential number over its pull the least comes first: :meth:`exponential` of the pair
        (person, option).

        Parameters
        ----------
        decision, month
            As in :meth:`uniform`.
        ids : array of uint64 [person]
        of : int array [person], uint32 array [person], int array [place, kind + 1]
            Place and needs, bit by bit, of each person; and where the options of each kind begin at each place.
        option : uint64, float arrays [option]
            Identity and pull.
        """
        place, needs, begins = of
        key = U64(self.key(decision, month))
        most = begins[:, -1] - begins[:, 0]
        out = np.empty(ids.size, dtype=np.intp)

        def race(now: slice) -> None:
            total = int(most[place[now]].sum())
            taken, luck = np.empty(total, dtype=np.intp), np.empty(total)
            ends = np.empty(out[now].size, dtype=np.intp)
            kernels.options(ids[now], (place[now], needs[now], begins), option, key, taken, luck, ends)
            taken, luck = taken[: ends[-1]], luck[: ends[-1]]
            np.log(luck, out=luck)
            np.negative(luck, out=luck)
            kernels.first(taken, luck, option[1], ends, out[now])

        cores.each(race, ids.size, _RACES_AT_ONCE)
        return out

    def mates(
        self,
        decision: str,
        month: int,
        ids: Ids,
        group: npt.NDArray[np.integer],
        firm: npt.NDArray[np.integer],
    ) -> Rows:
        """Draw for each person one other of the same group and another firm; -1 where there is none.

        It is the one for whom :meth:`uniform` of the pair (person, other) is least.

        Parameters
        ----------
        decision, month
            As in :meth:`uniform`.
        ids : array of uint64 [person]
        group, firm : int arrays [person]

        Returns
        -------
        int array [person]
            Positions.
        """
        out = np.empty(ids.size, dtype=np.intp)
        if ids.size:
            order = np.argsort(group, kind="stable")
            begins = np.flatnonzero(np.r_[True, np.diff(group[order]) != 0, True])
            kernels.mates(ids, firm, (order, begins), U64(self.key(decision, month)), out)
        return out

    def normal(self, decision: str, month: int, ids: Ids, c: int = 0) -> Floats:
        """Draw standard normal numbers by inversion, shape of `ids`."""
        from scipy.special import ndtri  # noqa: PLC0415  (scipy is slow to import)

        return np.asarray(ndtri(self.uniform(decision, month, ids, c)))

    def identities(self, kind: str, *numbers: Ids | int) -> Ids:
        """Make the identities of things that are born with these numbers, as (month, rank).

        Identities belong to the seed: replication r has its own people.
        """
        x = np.asarray([self.key(f"identity/{kind}", 0)], dtype=U64)
        for number in numbers:
            x = combine(x, number)
        return x


def _gumbel(u: Floats) -> Floats:
    """Turn uniform numbers into Gumbel numbers in place."""
    for _ in range(2):
        np.log(u, out=u)
        np.negative(u, out=u)
    return u


def pick(u: Floats, cumulative: Floats) -> npt.NDArray[np.intp]:
    """Return for each uniform number the class it falls in; `cumulative` ends at 1."""
    return np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1)
