"""Sums over what each person needs, by place: needs are bits, and a byte of bits is a table look-up.

A person's needs are one 32-bit mask. Whatever has a value per (unit, category) is first summed for all 256
values of each byte of the mask, so that a person costs four look-ups instead of a loop over categories.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from parksim import kernels

_BITS = ((np.arange(256)[:, None] >> np.arange(8)[None, :]) & 1).astype(np.float64)  # [value, bit]

Floats = npt.NDArray[np.float64]


class Sums:
    """Sums over the categories that each person needs, of ``values[..., unit, category]``.

    Parameters
    ----------
    values : float array [..., unit, category], at most 32 categories
        With leading axes several sums are made at once, which costs less than one after the other.
    """

    def __init__(self, values: Floats) -> None:
        self._values = values

    @cached_property
    def _tables(self) -> Floats:
        """Sum for each byte's value, [kind, byte, unit * 256 + value]; not worked out before somebody asks."""
        units, categories = self._values.shape[-2:]
        count = (categories + 7) // 8
        padded = np.zeros((*self._values.shape[:-1], 8 * count))
        padded[..., :categories] = self._values
        bits = np.moveaxis(padded.reshape(-1, units, count, 8), -2, -3)
        return np.asarray(bits @ _BITS.T).reshape(-1, count, units * 256)

    def __call__(self, unit: npt.NDArray[np.integer], needs: npt.NDArray[np.uint32]) -> Floats:
        """Return the sums of people.

        Parameters
        ----------
        unit : int array [person]
        needs : uint32 array [person]
            Bit c is set where category c is needed.

        Returns
        -------
        float array [..., person]
        """
        kinds = self._values.shape[:-2]
        total = np.empty((*kinds, len(unit)))
        if len(unit):
            kernels.gather(self._tables, unit, needs, total.reshape(-1, len(unit)))
        return total


def count_by_needs(
    unit: npt.NDArray[np.integer],
    needs: npt.NDArray[np.uint32],
    units: int,
    categories: int,
    weights: Floats | None = None,
) -> Floats:
    """Count the people in each unit who need each category, float array [unit, category].

    With `weights` a person counts as much, as somebody does who is there three days in five.
    """
    count = (categories + 7) // 8
    counts = np.zeros((count, units * 256))
    kernels.tally(unit, needs, np.empty(0) if weights is None else weights, counts)
    out = np.moveaxis(counts.reshape(count, units, 256) @ _BITS, 0, 1)
    return np.ascontiguousarray(out).reshape(units, 8 * count)[:, :categories]
