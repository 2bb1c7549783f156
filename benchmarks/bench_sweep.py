"""A sweep of whole runs: what 200 runs of IoT Town take with one and with two workers, and what imports cost."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORTS = ("parksim", "parksim.model", "parksim.report.page")


def throughput(workers: int, runs: int, months: int = 36) -> float:
    """Seconds a run of a sweep, workers started and warm."""
    from parksim.experiment.design import Experiment
    from parksim.experiment.sweep import Sweep

    spec = {
        "parksim": 1,
        "name": "bench-sweep",
        "title": "seeds of IoT Town",
        "scenarios": ["iot-town-park"],
        "replications": runs,
        "months": months,
    }
    sweep = Sweep(Experiment.model_validate(spec))
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{Path(folder, 'runs.db')}"
        sweep.run(store, workers=workers, limit=workers)  # what is imported and compiled once
        start = time.perf_counter()
        sweep.run(store, workers=workers)
        return (time.perf_counter() - start) / (runs - workers)


def run(runs: int = 18) -> dict[str, float]:
    one, two = throughput(1, runs), throughput(2, runs)
    out = {
        "200 runs of IoT Town, 36 months, one worker (s)": 200 * one,
        "200 runs of IoT Town, 36 months, two workers (s, <= 170)": 200 * two,
        "two workers against one": one / two,
    }
    for module in IMPORTS:
        walls = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
            walls.append(time.perf_counter() - start)
        out[f"import {module} (s)"] = statistics.median(walls)
    return out


if __name__ == "__main__":
    for what, value in run().items():
        print(f"{what:60s} {value:10.3f}")
