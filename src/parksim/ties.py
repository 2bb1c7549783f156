"""Ties: who knows whom outside the own firm, as a sparse list of pairs.

People who are open to an acquaintance meet in small hashed groups at a place; each takes to one other there.
The number of groups at a place does not depend on who came, so one more person changes one group only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from parksim import cores
from parksim.chance import Chance, Floats, Ids, combine

if TYPE_CHECKING:
    from parksim.table import Table

Rows = npt.NDArray[np.intp]


class Ties:
    """Pairs of people, by the posts they hold.

    Attributes
    ----------
    row : int array [tie, 2]
        Posts of the two.
    identity : uint64 array [tie, 2]
        Who they are, the smaller number first; a tie ends when one of them no longer holds the post.
    """

    def __init__(self) -> None:
        self.row = np.empty((0, 2), dtype=np.int32)
        self.identity = np.empty((0, 2), dtype=np.uint64)

    def __len__(self) -> int:
        return len(self.row)

    @property
    def address(self) -> Ids:
        """Identity of each pair."""
        return combine(self.identity[:, 0], self.identity[:, 1])

    def lapse(self, posts: Table, chance: Chance, month: int, odds: float) -> None:
        """End the ties of those who left, and a share of the others."""
        if len(self) == 0:
            return

        def last(now: slice) -> Rows:
            (one, other), (id_one, id_other) = self.row[now].T, self.identity[now].T
            here = (posts.identity[one] == id_one) & (posts.identity[other] == id_other)
            here &= chance.uniform("tie/lapse", month, combine(id_one, id_other)) >= odds
            return np.asarray(now.start + np.flatnonzero(here & (posts.firm[one] != posts.firm[other])))

        keep = np.concatenate(cores.each(last, len(self)))
        self.row, self.identity = self.row.take(keep, axis=0), self.identity.take(keep, axis=0)

    def pair_up(
        self,
        posts: Table,
        chance: Chance,
        month: int,
        rows: Rows,
        group: npt.NDArray[np.int64],
        occasion: str,
    ) -> npt.NDArray[np.int32]:
        """Let everybody in `rows` take to one other person of the same group and another firm.

        Parameters
        ----------
        posts : Table
        chance : Chance
        month : int
        rows : int array
            Posts of those who meet.
        group : int array, shape of `rows`
            Where they meet.
        occasion : str
            Name of the kind of meeting.

        Returns
        -------
        int array [pair, 2]
            Posts of those who take to each other, for :meth:`add`.
        """
        mate = chance.mates(f"tie/{occasion}", month, posts.identity[rows], group, posts.firm[rows])
        one = np.flatnonzero(mate >= 0)
        return np.stack([rows[one], rows[mate[one]]], axis=1).astype(np.int32)

    def add(self, posts: Table, rows: npt.NDArray[np.int32]) -> int:
        """Tie pairs of people, who may know each other already; return how many ties are new."""
        if rows.size == 0:
            return 0
        ids = posts.identity[rows]
        swap = ids[:, 0] > ids[:, 1]
        rows[swap], ids[swap] = rows[swap][:, ::-1], ids[swap][:, ::-1]
        address = combine(ids[:, 0], ids[:, 1])
        _, unique = np.unique(address, return_index=True)
        known = combine(*self.identity[self._of(posts, rows[unique, 0])].T)
        fresh = unique[~np.isin(address[unique], known, assume_unique=True)]
        self.row = np.concatenate([self.row, rows[fresh]])
        self.identity = np.concatenate([self.identity, ids[fresh]])
        return int(fresh.size)

    def _of(self, posts: Table, rows: npt.NDArray[np.int32]) -> Rows:
        """Find the ties of the holders of these posts, as the one of the two with the smaller number."""
        asked = np.zeros(len(posts), dtype=np.bool_)
        asked[rows] = True
        return np.flatnonzero(asked[self.row[:, 0]])

    def follow(self, old: Rows, new: Rows, posts: int) -> None:
        """Take ties along from the posts that people left to those they took; there are so many posts."""
        if old.size and len(self):
            now_at = np.arange(posts, dtype=np.int32)
            now_at[old] = new
            self.row = now_at[self.row]

    def count(self, posts: int) -> npt.NDArray[np.int64]:
        """Count the ties of every post's holder."""
        return np.bincount(self.row.ravel(), minlength=posts)

    def projects(self, posts: Table, chance: Chance, month: int, odds: Floats | float) -> int:
        """Count the pairs of firms that begin a joint project this month: each tie between them may start one.

        `odds` is one number, or one for each tie.
        """
        if len(self) == 0 or not np.any(np.asarray(odds) > 0):
            return 0
        start = chance.uniform("project", month, self.address) < odds
        firms = np.sort(posts.firm[self.row[start]].astype(np.int64), axis=1)
        return len(np.unique(firms[:, 0] * (1 << 32) + firms[:, 1]))

    def __getstate__(self) -> dict[str, Any]:
        return {"row": self.row, "identity": self.identity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.row, self.identity = state["row"], state["identity"]
