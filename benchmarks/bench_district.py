"""A million employees for ten years, each time in a process of its own: on one core, on all, and compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys

SCENARIO = "binjiang-district"
CODE = """
import json, statistics, sys, time
import parksim as ps
from parksim.experiment.run import run
from parksim.phases.clock import clocked, peak_mb
employees, months = int(sys.argv[1]), int(sys.argv[2])
district = ps.load("{scenario}")
if employees != district.population.employees:
    firms = round(district.enterprises.count * employees / district.population.employees)
    segments = max(1, round(800 * employees / district.population.employees))
    district = district.with_({{"population.employees": employees, "enterprises.count": firms,
                               "parameters.hiring.market_segments": segments, "start.burn_in_months": 1}})
start = time.process_time()
with clocked() as clock:
    result = run(district, 1, months)
cpu = time.process_time() - start
month = [sum(phases) for phases in zip(*clock.seconds.values())]
print(json.dumps({{"cpu": cpu, "wall": result.wall_s, "played": sum(month),
                  "month": statistics.median(month), "lived": clock.employee_months,
                  "mb": peak_mb(), "served": result.indicators["visits_served"]}}))
"""


def play(employees: int, months: int, *, fast: bool, cores: int) -> dict[str, float]:
    """Play the district at some size in a fresh process."""
    environment = os.environ | {
        "PARKSIM_FAST": str(int(fast)),
        "PARKSIM_CORES": str(cores),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-c", CODE.format(scenario=SCENARIO), str(employees), str(months)]
    done = subprocess.run(command, check=True, capture_output=True, env=environment, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def run(months: int = 120) -> dict[str, float]:
    out: dict[str, float] = {}
    for fast, cores, how, most in (
        (False, 1, "numpy alone on one core", "<= 150"),
        (False, 2, "numpy alone on two cores", "<= 90 with one of both"),
        (True, 1, "Numba on one core", "<= 90 with one of both"),
        (True, 2, "Numba on two cores", "<= 90"),
    ):
        told = play(1_000_000, months, fast=fast, cores=cores)
        out[f"{months} months, {how}, set-up included (s, {most} for 120)"] = told["wall"]
        out[f"processor time, {how} (s)"] = told["cpu"]
        out[f"nanoseconds an employee-month, {how}"] = 1e9 * told["played"] / told["lived"]
        out[f"peak memory, {how} (MB, <= 1500)"] = told["mb"]
    month = {
        n: min(1e3 * play(n, 13, fast=True, cores=1)["month"] for _ in range(3))
        for n in (10_000, 100_000, 1_000_000)
    }
    low, high = (1e6 * (month[b] - month[a]) / (b - a) for a, b in ((10_000, 100_000), (100_000, 1_000_000)))
    out["a month without anybody, 288 buildings and 792 places (ms, <= 20)"] = (
        month[10_000] - low / 1e6 * 10_000
    )
    out["each employee from 10,000 to 100,000 (ns a month)"] = low
    out["each employee from 100,000 to 1,000,000 (ns a month)"] = high
    out["the second over the first (<= 1.25)"] = high / low
    return out


if __name__ == "__main__":
    for what, value in run(int(sys.argv[1]) if len(sys.argv) > 1 else 120).items():
        print(f"{what:75s} {value:12.3f}", flush=True)
