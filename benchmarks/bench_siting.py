"""How long proven answers take: 200 places of demand x 200 sites, and 100 x 100 with capacities."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from parksim.siting import Siting, max_coverage, p_center, p_median, set_cover

if TYPE_CHECKING:
    from collections.abc import Callable


def run() -> dict[str, float]:
    """Seconds for each problem, and the gap where it is not nil."""
    rng = np.random.default_rng(0)
    people, plots = rng.uniform(0, 1000, (200, 2)), rng.uniform(0, 1000, (200, 2))
    cost = np.hypot(*(people[:, None] - plots[None]).transpose(2, 0, 1))
    weights = rng.integers(1, 100, 200).astype(float)
    small, some = cost[:100, :100], weights[:100]
    blocks = np.stack(np.meshgrid(np.arange(15), np.arange(13)), -1).reshape(-1, 2)
    grid = np.abs(blocks[:, None] - blocks[None]).sum(-1).astype(float)
    room = rng.uniform(0.7, 1.3, 100) * some.sum() / 10
    problems: dict[str, Callable[[], Siting]] = {
        "p_median_200_p5": lambda: p_median(cost, weights, 5),
        "p_median_200_p20": lambda: p_median(cost, weights, 20),
        "p_median_grid_195_p8": lambda: p_median(grid, np.ones(195), 8),
        "max_coverage_200_p20": lambda: max_coverage(cost, weights, 20, 100),
        "p_center_200_p20": lambda: p_center(cost, 20),
        "set_cover_200_r150": lambda: set_cover(cost, 150),
        "p_median_100_p10_room_130": lambda: p_median(small, some, 10, capacities=1.3 * room),
        "p_median_100_p10_room_110": lambda: p_median(small, some, 10, capacities=1.1 * room),
        "max_coverage_100_p10_room_110": lambda: max_coverage(small, some, 10, 140, capacities=1.1 * room),
    }
    figures = {}
    for name, solve in problems.items():
        started = perf_counter()
        answer = solve()
        figures[f"{name}_s"] = perf_counter() - started
        if answer.gap:
            figures[f"{name}_gap"] = answer.gap
    return figures


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:36s} {value:10.4f}")
