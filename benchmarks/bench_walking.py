"""How long walking times take: a park of 100 × 100 cells at once, and 400 × 400 cells within 20 minutes."""

import time

import numpy as np

from parksim.world.walking import Ground, Walks, field, minutes_between


def park(side: int, buildings: int, amenities: int, cell_m: float) -> tuple[Ground, list, list]:
    """Buildings in a grid of streets; every third plot fenced, with one gate; every third street slow."""
    rng = np.random.default_rng(1)
    passable = np.ones((side, side), dtype=bool)
    slowness = np.ones((side, side))
    wall_east, wall_south = np.zeros((2, side, side), dtype=bool)
    per_row = int(np.ceil(np.sqrt(buildings)))
    pitch = side // per_row
    slowness[:: pitch * 3] = slowness[:, :: pitch * 3] = 2
    places = []
    for plot in range(buildings):
        row, col = (index * pitch + 1 for index in divmod(plot, per_row))
        height, width = rng.integers(2, max(3, pitch - 2), size=2)
        rows, cols = np.mgrid[row : row + height, col : col + width]
        passable[rows, cols] = False
        places.append((rows * side + cols).ravel())
        if plot % 3 == 0:
            last = pitch - 2
            wall_east[row - 1 : row + last, [max(col - 2, 0), col + last - 1]] = True
            wall_south[[max(row - 2, 0), row + last - 1], col - 1 : col + last] = True
            wall_south[row + last - 1, col - 1 + rng.integers(last)] = False
    open_cells = rng.choice(np.flatnonzero(passable), amenities, replace=False)
    ground = Ground(cell_m, passable, slowness, wall_east, wall_south)
    return ground, places, [np.array([cell]) for cell in open_cells]


def run() -> dict[str, float]:
    """Seconds of each piece of work, the first time it is done."""
    seconds = {}

    def clock(name, work):
        start = time.perf_counter()
        result = work()
        seconds[name] = time.perf_counter() - start
        return result

    ground, buildings, amenities = park(100, 150, 60, 20.0)
    places = buildings + amenities
    walks = clock("100x100: 210 x 210 places, first (target 0.5)", lambda: Walks(ground, places))
    clock("100x100: 210 x 210 places, again", lambda: Walks(ground, places))
    clock("100x100: one more kiosk", lambda: walks.after(ground, [*places, np.array([0])]))
    clock("100x100: map of one place", lambda: field(ground, places[0], limit_min=20))
    for cell_m in (20.0, 10.0):
        ground, buildings, amenities = park(400, 600, 60, cell_m)
        places = buildings + amenities
        clock(
            f"400x400 of {cell_m:.0f} m: 60 x 660 places within 20 min (target 0.1)",
            lambda: minutes_between(ground, amenities, places, limit_min=20),  # noqa: B023
        )
    return seconds


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<66} {value:7.3f} s")
