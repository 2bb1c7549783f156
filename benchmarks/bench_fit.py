"""Calibrating four parameters to six targets on a park of 5,000 employees; aim: 15 min on two cores.

``python -m benchmarks.bench_fit`` plays one wave of runs of 12 months; ``python -m benchmarks.bench_fit full`` three
waves of 24, what a user gets by default.
"""

import sys
import tempfile
import time
from pathlib import Path

from parksim.authoring import new
from parksim.experiment.run import run as play
from parksim.fit import fit, read_targets
from parksim.scenario.read import load
from parksim.store import Store

EMPLOYEES = 5000
TRUTH = {
    "parameters.staying.quit_monthly": 0.018,
    "parameters.travel.parking_search_min": 6.0,
    "parameters.hiring.search_days": 50.0,
    "parameters.home.tenant_moves_year": 0.2,
}
RANGES = ([0.008, 0.03], [2, 10], [20, 80], [0.05, 0.35])
ERRORS = {
    "commute_mean_min": 0.5,
    "commute_share_within_45": 0.02,
    "turnover_annual": 0.01,
    "vacancy_rate": 0.005,
    "mode_share_car": 0.02,
    "stayed_share_cohort": 0.02,
}


def run(*, waves=1, months=12):
    with tempfile.TemporaryDirectory() as folder:
        new("bench", "sci-tech", 50, 60, employees=EMPLOYEES, into=Path(folder))
        park = load(Path(folder) / "bench-park.yaml")
        seen = play(park.with_(TRUTH), seed=99, months=months).indicators
        lines = [f"months: {months}", "hold_out: 0", "parameters:"]
        lines += [f"  {path}: {span}" for path, span in zip(TRUTH, RANGES, strict=True)]
        lines += ["targets:"]
        lines += [f"  - {{indicator: {k}, value: {seen[k]:.5f}, error: {e}}}" for k, e in ERRORS.items()]
        file = Path(folder) / "targets.yaml"
        file.write_text("\n".join(lines), encoding="utf-8")
        store, start = Store(Path(folder) / "runs.db"), time.perf_counter()
        found = fit(park, read_targets(file, park), store, waves=waves)
        seconds = time.perf_counter() - start
        store.close()
    what = f"{EMPLOYEES:,} employees, {waves} waves of runs of {months} months"
    return {f"{what}, s": seconds, "runs": float(found.runs), "s a run": seconds / max(found.runs, 1)}


if __name__ == "__main__":
    for what, value in (run(waves=3, months=24) if "full" in sys.argv else run()).items():
        print(f"{what:60s} {value:10.2f}")
