"""What sweeps cost besides the model: overhead a run, reading, and two workers against one.

``python benchmarks/bench_store.py [URL]`` prints the figures; ``run()`` returns them. Without a URL it uses a
SQLite file in a temporary directory, and PostgreSQL too where PARKSIM_PG_URL or pg_virtualenv's variables
say so.
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parksim.chance import named_uniform
from parksim.experiment.plan import Plan, conduct
from parksim.experiment.work import Member
from parksim.scenario.read import load
from parksim.store import Store
from parksim.store import tables as t

INDICATORS = [f"coverage_{name}" for name in ("life_15", "medical_15", "fitness_10", "reading_10")] + [
    "commute_mean_min",
    "commute_median_min",
    "turnover_annual",
    "vacancy_rate",
    "retention_employee_12m",
    "ties_per_employee",
]
GROUPS = 40
BUSY_S = 0.2


@dataclass(frozen=True)
class Trivial:
    indicators: dict
    series: pd.DataFrame
    groups: pd.DataFrame
    events: pd.DataFrame


_GROUPS = pd.DataFrame(
    [(name, f"zone={g}") for name in INDICATORS for g in range(GROUPS)], columns=["indicator", "group"]
)
_INDEX = pd.RangeIndex(1, 37, name="month")


def trivial(scenario, seed, months):
    """A run that costs nothing and says as much as a real one: 10 indicators, 36 months, 400 groups."""
    u = named_uniform(seed, scenario.name)
    series = pd.DataFrame(u + np.random.default_rng(seed).random((36, 10)), index=_INDEX, columns=INDICATORS)
    groups = _GROUPS.assign(n=float(months), value=u)
    return Trivial(dict.fromkeys(INDICATORS, u), series, groups, groups.iloc[:0])


def busy(scenario, seed, months):
    """A run that keeps a core busy for a fixed number of operations, about BUSY_S seconds."""
    x = 0
    for k in range(4_000_000):
        x ^= k
    return trivial(scenario, seed, months)


def _plan(name, *, fixed=True):
    family = [load("tiny-park"), load("tiny-community")]
    return Plan(name, {}, tuple((s, Member.of(s)) for s in family), ({},), 1, 36, fixed=fixed)


def overhead(url, runs=2000, *, fixed=True):
    """Milliseconds a run that the runner and the store add to nothing at all."""
    store, plan = Store(url), _plan(f"overhead {fixed}", fixed=fixed)
    start = time.perf_counter()
    tally = conduct(plan, store, range(runs // 2), play=trivial)
    seconds = time.perf_counter() - start
    store.close()
    assert tally.played == runs
    return 1000 * seconds / runs


def speedup():
    """How many times faster two workers are than one, on runs that only compute."""
    seconds = []
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder) / "x.db")
            conduct(_plan("warm"), store, range(2), workers=workers, play=trivial)
            start = time.perf_counter()
            conduct(_plan("busy"), store, range(30), workers=workers, play=busy)
            seconds.append(time.perf_counter() - start)
            store.close()
    return seconds[0] / seconds[1]


def reading(url, runs=100_000):
    """Seconds to read one indicator of an experiment of so many runs, cold connection."""
    store, plan = Store(url), _plan("many")
    number = store.begin(plan.name, {}, 1, 36, [member for _, member in plan.scenarios])
    rng = np.random.default_rng(1)
    with store.engine.begin() as c:
        first = 1 + (c.execute(sa.select(sa.func.max(t.runs.c.id))).scalar() or 0)
        scenario = c.execute(sa.select(t.scenarios.c.id)).scalars().first()
        changes = c.execute(sa.select(t.changes.c.id)).scalars().first()
        known = set(c.execute(sa.select(t.indicators.c.name)).scalars())
        missing = [{"name": name} for name in INDICATORS if name not in known]
        if missing:
            c.execute(sa.insert(t.indicators), missing)
        ids = list(c.execute(sa.select(t.indicators.c.id)).scalars())
        row = {
            "scenario_id": scenario,
            "changes_id": changes,
            "months": 36,
            "version": "x",
            "machine": "y",
            "wall_s": 1.0,
            "status": "done",
            "digest": "",
            "finished": pd.Timestamp(0).to_pydatetime(),
            "traceback": "",
        }
        for start in range(0, runs, 10_000):
            numbers = range(first + start, first + start + 10_000)
            c.execute(sa.insert(t.runs), [{**row, "id": k, "key": f"{k:032x}", "seed": k} for k in numbers])
            c.execute(
                sa.insert(t.cells),
                [
                    {
                        "experiment_id": number,
                        "point": (k - first) // 200,
                        "replication": (k - first) % 200 // 2,
                        "position": k % 2,
                        "run_id": k,
                        "seed": k,
                    }
                    for k in numbers
                ],
            )
            for name in ids:
                values = rng.random(10_000)
                c.execute(
                    sa.insert(t.observations),
                    [
                        {"indicator_id": name, "run_id": k, "value": v}
                        for k, v in zip(numbers, values.tolist(), strict=True)
                    ],
                )
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(sa.text("ANALYZE"))
    store.close()
    fresh = Store(url)
    start = time.perf_counter()
    frame = fresh.indicators("many", "commute_mean_min")
    seconds = time.perf_counter() - start
    assert len(frame) == runs
    fresh.close()
    return seconds


def measure(url):
    """All figures that depend on the database."""
    each = overhead(url, 10_000)
    return {
        "10,000 trivial runs stored, s (goal 60)": round(10 * each, 1),
        "overhead a run, ms (goal 5)": round(each, 2),
        "read one indicator of 100,000 runs, s (goal 2)": round(reading(url), 2),
    }


def run():
    """Measure everything that there is a database for."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found["sqlite"] = measure(f"sqlite:///{folder}/runs.db")
        found["overhead with all uncertain parameters drawn, ms (goal 5)"] = round(
            overhead(f"sqlite:///{folder}/drawn.db", 1000, fixed=False), 2
        )
    if "PARKSIM_PG_URL" in os.environ or "PGPORT" in os.environ:
        found["postgresql"] = measure(os.environ.get("PARKSIM_PG_URL", "postgresql://"))
    found["two workers against one (goal 1.9 on an idle machine)"] = round(speedup(), 2)
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1]), indent=2))
    else:
        print(json.dumps(run(), indent=2))
