"""Sums over what each person needs, by place: needs are bits, and a byte of bits is a table look-up.

A person's needs are one 32-bit mask. Whatever has a value per (unit, category) is first summed for all 256
values of each byte of the mask, so that a person costs four look-ups instead of a loop over categories.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from parksim import kernels

_BYTES = 4
_BITS = ((np.arange(256)[:, None] >> np.arange(8)[None, :]) & 1).astype(np.float64)  # [value, bit]

Floats = npt.NDArray[np.float64]


def sum_by_needs(values: Floats, unit: npt.NDArray[np.integer], needs: npt.NDArray[np.uint32]) -> Floats:
    """Sum ``values[..., unit, category]`` over the categories each person needs.

    Parameters
    ----------
    values : float array [..., unit, category], at most 32 categories
        With leading axes several sums are made at once, which costs less than one after the other.
    unit : int array [person]
    needs : uint32 array [person]
        Bit c is set where category c is needed.

    Returns
    -------
    float array [..., person]
    """
    *kinds, units, categories = values.shape
    count = (categories + 7) // 8
    padded = np.zeros((*kinds, units, 8 * count))
    padded[..., :categories] = values
    # bits of a byte times its values, for each byte and unit
    tables = np.empty((*kinds, count, units, 256))
    np.matmul(np.moveaxis(padded.reshape(*kinds, units, count, 8), -2, -3), _BITS.T, out=tables)
    total = np.empty((*kinds, len(unit)))
    flat = tables.reshape(-1, count, units * 256)
    if len(unit):  # nobody cannot be reshaped
        kernels.gather(flat, unit, needs, total.reshape(-1, len(unit)))
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
    out = np.zeros((units, 8 * _BYTES))
    start = np.asarray(unit, dtype=np.intp) * 256
    for k in range((categories + 7) // 8):
        byte = (needs >> np.uint32(8 * k)) & np.uint32(0xFF)
        counts = np.bincount(start + byte, weights, minlength=units * 256).reshape(units, 256)
        out[:, 8 * k : 8 * k + 8] = counts @ _BITS
    return out[:, :categories]
