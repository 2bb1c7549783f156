"""Leavers of the last year: with those who stayed, they say who was here then, without a copy of everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from parksim.model import ParkModel


class Leavers:
    """People who left a post, in the order of leaving.

    Attributes
    ----------
    month, since : int32 arrays
        Month of leaving, and since when the post had been held.
    identity, firm : uint64 arrays
        Who left, and the identity of the firm.
    """

    def __init__(self) -> None:
        self.month = self.since = np.empty(0, dtype=np.int32)
        self.identity = self.firm = np.empty(0, dtype=np.uint64)

    def add(self, model: ParkModel, rows: npt.NDArray[np.intp]) -> None:
        """Note that the holders of these posts leave this month."""
        posts = model.posts
        left = np.full(rows.size, model.month, dtype=np.int32)
        self.month = np.concatenate([self.month, left])
        self.since = np.concatenate([self.since, posts.since[rows]])
        self.identity = np.concatenate([self.identity, posts.identity[rows]])
        self.firm = np.concatenate([self.firm, model.firms.identity[posts.firm[rows]]])

    def forget_before(self, month: int) -> None:
        """Forget those who left before `month`."""
        first = int(np.searchsorted(self.month, month))
        self.month, self.since = self.month[first:], self.since[first:]
        self.identity, self.firm = self.identity[first:], self.firm[first:]
