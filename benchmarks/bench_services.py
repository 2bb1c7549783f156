"""What a month of services costs: 20,000 employees, all categories, 150 amenities."""

from __future__ import annotations

import time

import numpy as np

AMENITIES = 150
MONTHS = 18
EMPLOYEES = 20_000


def scenario():
    """IoT Town with some of its places standing twice, and flats."""
    from parksim.scenario.read import load

    base = load("iot-town-community")
    flats = {"name": "flats-bench", "category": "flats", "cell": (38, 6), "capacity": 400, "price": 1800}
    twice = [a for a in base.amenities if a.outside is None]
    more = [
        a.model_copy(update={"name": f"{a.name}-2"}) for a in twice[: AMENITIES - len(base.amenities) - 1]
    ]
    return base.with_(
        {"population.employees": EMPLOYEES, "population.rotating_shift_share": 0.1},
        amenities=[*base.amenities, *more, flats],
    )


def run() -> dict[str, float]:
    """Play some months; times are milliseconds of one core, medians because others may share the machine."""
    from parksim.model import ParkModel
    from parksim.phases import services
    from parksim.scenario.categories import CATEGORIES

    model = ParkModel(scenario(), seed=1)
    taken, residual, rounds = [], 0.0, []
    play = services.play

    def timed(of):
        start = time.process_time()
        play(of)
        taken.append((time.process_time() - start) * 1000)
        rounds.append(of.place.market.rounds)

    services.play = timed
    try:
        for _ in range(MONTHS):
            model.step()
            residual = max(residual, model.services.residual_min)
    finally:
        services.play = play
    start = time.process_time()
    visits = services.sample_visits(model)
    drawn = time.process_time() - start
    account = services.account(model)
    queued = [name for name, kind in CATEGORIES.items() if not kind.allotted]
    days = model.spec.parameters.services.days_per_month
    people = np.count_nonzero(model.posts.filled)
    return {
        "employees": float(people),
        "categories": float(len({a.category for a in model.layout.amenities})),
        "amenities": float(len(model.layout.amenities)),
        "services_ms": float(np.median(taken)),
        "services_ms_worst": max(taken),
        "rounds": float(np.mean(rounds)),
        "residual_min": residual,
        "visits_employee_day": float(account.loc[queued, "demanded"].sum() / days / people),
        "single_visits_ms": drawn * 1000,
        "single_visits": float(len(visits)),
        "truncated_share": visits.attrs["truncated_share"],
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:24s} {value:12.4g}")
