"""A whole run of IoT Town, its phases, its memory, and how long the command line takes to answer."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict


def run(months: int = 36) -> dict[str, float]:
    import parksim as ps
    from parksim import model as model_module
    from parksim.experiment.run import run as play

    out: dict[str, float] = {}
    park = ps.load("iot-town-park")
    start = time.perf_counter()
    result = play(park, 101, months)
    out["IoT Town, 36 months, first run of the process (s, <= 4)"] = time.perf_counter() - start
    times = []
    for seed in (102, 103, 104):
        start = time.perf_counter()
        play(park, seed, months)
        times.append(time.perf_counter() - start)
    out["IoT Town, 36 months, warm worker, burn-in included (s)"] = statistics.median(times)

    start = time.perf_counter()
    model = ps.ParkModel(park, seed=105)
    out["set-up and burn-in of a new replication (s)"] = time.perf_counter() - start
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(months):
        for phase in model_module.PHASES:
            if phase is model_module.PHASES[0]:
                model.month += 1
            before = time.perf_counter()
            phase.play(model)
            spent[phase.__name__.rsplit(".", 1)[1]].append(time.perf_counter() - before)
    for name, values in spent.items():
        out[f"{name} (ms a month)"] = 1000 * statistics.median(values)
    total = sum(statistics.median(values) for values in spent.values())
    out["nanoseconds an employee-month"] = 1e9 * total / result.indicators["employees"]
    out["peak memory of this process (MB, <= 400)"] = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    )
    for command in ("--help", "list"):
        walls = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "parksim", command], check=True, capture_output=True)
            walls.append(time.perf_counter() - start)
        out[f"parksim {command} (s, <= 0.5)"] = statistics.median(walls)
    return out


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:60s} {value:10.3f}")
