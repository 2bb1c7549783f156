"""What a report takes: IoT Town's comparison of 2 x 64 runs, made once, written as a page, from memory.

``python -m benchmarks.bench_report [MONTHS]``; aim: 15 s and 8 MB for runs of 36 months. A few replications are
played, and told again as often as it takes: what a report costs does not depend on their luck.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

from parksim.experiment.comparison import compare
from parksim.report import page

REPLICATIONS = 64
PLAYED = 2


def comparison(months=13):
    """A comparison of as many runs as the aim says."""
    played = compare(["iot-town-park", "iot-town-community"], reps=PLAYED, months=months, seed=1, events=True)
    once, values, outcomes = played.values, [], []  # noqa: PD011  (a frame that is named so)
    for k in range(0, REPLICATIONS, PLAYED):
        values.append(once.assign(replication=once["replication"] + k))
        outcomes += [(name, r + k, seed, outcome) for name, r, seed, outcome in played.outcomes_]
    futures = pd.concat([played.futures] * (REPLICATIONS // PLAYED), ignore_index=True)
    return replace(
        played, reps=REPLICATIONS, values=pd.concat(values, ignore_index=True), outcomes_=outcomes,
        futures=futures.rename_axis("replication"),
    )  # fmt: skip


def run(months=13):
    out = {}
    found = comparison(months)
    with tempfile.TemporaryDirectory() as folder:
        for lang in ("en", "zh"):
            start = time.perf_counter()
            file = page.write(replace(found), Path(folder) / f"{lang}.html", lang)
            out[f"2 x {REPLICATIONS} runs of {months} months, {lang}, s"] = time.perf_counter() - start
            out[f"page, {lang}, MB"] = file.stat().st_size / 1e6
    return out


if __name__ == "__main__":
    for what, value in run(*map(int, sys.argv[1:])).items():
        print(f"{what:50s} {value:10.2f}")
