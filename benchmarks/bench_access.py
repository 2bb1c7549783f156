"""What catchment measures cost for a large park: 2,000 places of demand x 300 of supply."""

from __future__ import annotations

from timeit import repeat

import numpy as np

from parksim.access import enhanced_two_step_fca, three_step_fca, two_step_fca


def run() -> dict[str, float]:
    """Milliseconds a call."""
    rng = np.random.default_rng(0)
    minutes = rng.uniform(0, 60, (2000, 300))
    supply, people = rng.uniform(10, 500, 300), rng.integers(0, 400, 2000)
    calls = {
        "two_step_fca_ms": lambda: two_step_fca(supply, people, minutes, 15, decay="gaussian"),
        "enhanced_two_step_fca_ms": lambda: enhanced_two_step_fca(supply, people, minutes, 15),
        "three_step_fca_ms": lambda: three_step_fca(supply, people, minutes, 15),
    }
    return {name: min(repeat(call, number=1, repeat=7)) * 1000 for name, call in calls.items()}


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:28s} {value:10.3f}")
