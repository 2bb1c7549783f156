"""The engine against its plain-Mesa twins at 20,000 employees: the same rules about people and firms, the same run."""

from __future__ import annotations

import time

from benchmarks.plain_mesa import Draws, Surroundings, slice_of, twin_of


def run(employees: int = 20_000, firms: int = 500, months: int = 2) -> dict[str, float]:
    """Time engine and twins in step; the engine also solves roads and queues, which the twins are told."""
    from parksim.cores import playing
    from parksim.model import ParkModel

    with playing():
        model = ParkModel(slice_of("iot-town-park", employees, firms), seed=1)
        twins = {"addressed": twin_of(model, Draws(1)), "tutorial": twin_of(model)}
        spent = dict.fromkeys(["engine", *twins], 0.0)
        for _ in range(months):
            start = time.process_time()
            model.step()
            spent["engine"] += time.process_time() - start
            around = Surroundings.of(model)
            for name, twin in twins.items():
                twin.around = around
                start = time.process_time()
                twin.step()
                twin.measure()
                spent[name] += time.process_time() - start
    each = {name: 1e9 * seconds / (employees * months) for name, seconds in spent.items()}
    return {
        "engine, all phases (ns an employee-month)": each["engine"],
        "twin with addressed draws (ns an employee-month)": each["addressed"],
        "twin with the tutorial's draws (ns an employee-month)": each["tutorial"],
        "times as fast as the addressed twin (>= 100)": each["addressed"] / each["engine"],
        "times as fast as the tutorial's twin (>= 40)": each["tutorial"] / each["engine"],
    }


if __name__ == "__main__":
    for what, value in run().items():
        print(f"{what:60s} {value:12.1f}")
