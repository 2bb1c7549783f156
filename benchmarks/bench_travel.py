"""How long a month's way to work takes for 20,000 employees: as last month, and after a change."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from parksim import load
from parksim.model import ParkModel
from parksim.phases import travel
from parksim.world import place as places

if TYPE_CHECKING:
    from collections.abc import Callable


def run() -> dict[str, float]:
    """Milliseconds of the travel phase at IoT Town: the least of several, as other work only adds."""
    model = ParkModel(
        load("iot-town-park").with_({"start.burn_in_months": 0, "population.employees": 20_000})
    )
    posts, layout = model.posts, model.layout

    def month() -> float:
        started = perf_counter()
        travel.play(model)
        return (perf_counter() - started) * 1000

    def after(change: Callable[[int], None], times: int = 7) -> float:
        """Let a change be followed by a month, with every trace of the change's own cost left out."""
        took = []
        for k in range(times):
            change(k)
            took.append(month())
        return min(took)

    def lay(k: int) -> None:
        """Widen or narrow an entrance: new streets, the same walks."""
        gates = tuple(
            g.model_copy(update={"capacity": 500 + 400 * (k % 2)}) if g.name == "road-north" else g
            for g in layout.gateways
        )
        model._lay_out(layout.model_copy(update={"gateways": gates}))

    def turn_over(_: int) -> None:
        """Give one in fifty posts a car, or take it away."""
        some = posts.filled.nonzero()[0][::50]
        posts.car[some] = ~posts.car[some]

    travel.play(model)
    figures = {
        "month as the last, 20,000 employees (target 12 ms)": min(month() for _ in range(15)),
        "of which times and shares agree": min(_clock(travel.settle, model) for _ in range(15)),
        "of which everybody chooses": min(_clock(travel.choose, model) for _ in range(15)),
        "month after 2 % of the people changed": after(turn_over, 15),
        "month after an entrance changed (target 60 ms)": after(lay),
    }
    started = perf_counter()
    lay(0)
    figures["a layout with the same drawing made ready"] = (perf_counter() - started) * 1000
    places._drawn.clear()
    started = perf_counter()
    lay(1)
    figures["a new drawing made ready"] = (perf_counter() - started) * 1000
    return figures


def _clock(work: Callable[[ParkModel], None], model: ParkModel) -> float:
    started = perf_counter()
    work(model)
    return (perf_counter() - started) * 1000


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<60} {value:8.1f} ms")
