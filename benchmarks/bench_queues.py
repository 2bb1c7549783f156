"""What one round of queues costs: 1,000 amenities x parts of the day with up to 400 servers."""

from __future__ import annotations

from timeit import repeat

import numpy as np

from parksim.world.queues import expected_wait, peak_wait, served_share


def run() -> dict[str, float]:
    """Milliseconds a call for 1,000 entries; the best of several, since other work may share the machine."""
    rng = np.random.default_rng(0)
    servers = rng.integers(1, 401, 1000)
    service = rng.uniform(2, 60, 1000)
    arrivals = rng.uniform(0.1, 1.5, 1000) * servers * service
    minutes = rng.uniform(30, 150, 1000)
    calls = {
        "expected_wait_ms": lambda: expected_wait(arrivals, service, servers),
        "peak_wait_ms": lambda: peak_wait(arrivals, service, servers, minutes),
        "served_share_ms": lambda: served_share(arrivals, service, servers, minutes, 10.0),
    }
    return {name: min(repeat(call, number=10, repeat=7)) * 100 for name, call in calls.items()}


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:24s} {value:10.3f}")
