"""People and firms together: community, staying, hiring and enterprises at 20,000 employees and 1,700 firms."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict

PHASES = ("community", "staying", "hiring", "enterprises")


def run(months: int = 24) -> dict[str, float]:
    from parksim.cores import playing

    with playing():
        return _timed(months)


def _timed(months: int) -> dict[str, float]:
    import parksim as ps
    from parksim import model as model_module

    model = ps.ParkModel(ps.load("iot-town-park").with_({"enterprises.count": 1700}), seed=7)
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(months):
        model.month += 1
        for phase in model_module.PHASES:
            name = phase.__name__.rsplit(".", 1)[1]
            before = time.process_time()  # of this process: one core, whatever else the machine does
            phase.play(model)
            spent[name].append(1000 * (time.process_time() - before))
        model.tick = model.month
    mine = [sum(spent[name][k] for name in PHASES) for k in range(months)]
    out = {"people and firms, a month (ms, <= 7)": statistics.median(mine)}
    return out | {f"{name} (ms a month)": statistics.median(spent[name]) for name in PHASES}


if __name__ == "__main__":
    for what, value in run().items():
        print(f"{what:60s} {value:10.3f}")
