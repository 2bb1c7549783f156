"""How long equilibrium on roads takes: a made town the size of Sioux Falls, and one the size of Anaheim.

``python -m benchmarks.bench_roads`` times made networks; with a folder of TNTP files (for research, from
https://github.com/bstabler/TransportationNetworks) it also times Sioux Falls and Anaheim and prints
the objective, to compare with the published best: 42.31335287107440 for Sioux Falls, in units of 100,000.
"""

import re
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from parksim.world.roads import Network

COLUMNS = ["init", "term", "capacity", "free_flow_time", "b", "power"]


def streets(ends, capacity, rng):
    """Links with BPR delay, a third of them of twice the capacity."""
    links = pd.DataFrame(ends, columns=COLUMNS[:2])
    links["capacity"] = capacity * rng.choice([1.0, 1.0, 2.0], len(links)) * rng.uniform(0.8, 1.2, len(links))
    links["free_flow_time"] = rng.uniform(2, 6, len(links)).round(1)
    return links.assign(b=0.15, power=4.0)


def between(zones, trips, rng):
    """Trips between every two zones, few between most and many between some."""
    pairs = [(a, b) for a in zones for b in zones if a != b]
    demand = pd.DataFrame(pairs, columns=["origin", "destination"])
    return demand.assign(trips=trips * rng.exponential(size=len(pairs)))


def town():
    """24 zones, 76 links, 528 pairs; trips pass through every node, and links are about full."""
    rng = np.random.default_rng(1)
    side = {(row, col): row * 6 + col for row in range(4) for col in range(6)}
    ends = [
        (k, side[row + down, col + right])
        for (row, col), k in side.items()
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0))
        if (row + down, col + right) in side
    ]
    demand = between(range(24), 600, rng).sample(528, random_state=1)
    return streets(ends, 12_000, rng), demand, ()


def county():
    """38 zones off the road, 416 nodes, 914 links: one-way streets, two-way at the edge and at random."""
    rng = np.random.default_rng(2)
    rows, cols = 18, 21
    node = np.arange(rows * cols).reshape(rows, cols) + 38
    east = [(a, b) for row in node for a, b in pairwise(row)]
    south = [(a, b) for col in node.T for a, b in pairwise(col)]
    ways, back = [], []
    for street, (a, b) in [((a - 38) // cols, (a, b)) for a, b in east] + [
        ((a - 38) % cols, (a, b)) for a, b in south
    ]:
        ways.append((a, b) if street % 2 else (b, a))
        (row, col), (to_row, to_col) = divmod(a - 38, cols), divmod(b - 38, cols)
        edge = row == to_row in (0, rows - 1) or col == to_col in (0, cols - 1)
        back.append((edge, ways[-1][::-1]))
    two_way = [way for edge, way in back if edge]
    inner = [way for edge, way in back if not edge]
    two_way += [inner[k] for k in rng.choice(len(inner), 914 - 76 - len(ways) - len(two_way), replace=False)]
    doors = rng.choice(node.ravel(), 38, replace=False)
    ends = ways + two_way + [way for k, door in enumerate(doors) for way in ((k, door), (door, k))]
    return streets(np.array(ends).tolist(), 3000, rng), between(range(38), 60, rng), range(38)


def tntp(folder, name):
    """Read a network of the collection."""
    text = next(Path(folder).rglob(f"{name}_net.tntp")).read_text(encoding="utf-8")
    head, body = text.split("<END OF METADATA>")
    first = int(re.search(r"FIRST THRU NODE>\s*(\d+)", head)[1])
    rows = [line.split() for line in body.splitlines() if line.strip() and not line.lstrip().startswith("~")]
    links = pd.DataFrame([[*row[:3], *row[4:7]] for row in rows], columns=COLUMNS).astype(float)
    text = next(Path(folder).rglob(f"{name}_trips.tntp")).read_text(encoding="utf-8")
    demand = [
        (float(origin), float(destination), float(trips))
        for origin, block in re.findall(r"Origin\s+(\d+)([^O]*)", text.split("<END OF METADATA>")[1])
        for destination, trips in re.findall(r"(\d+)\s*:\s*([\d.]+)", block)
        if float(trips) > 0
    ]
    return links, pd.DataFrame(demand, columns=["origin", "destination", "trips"]), range(1, first)


def clock(seconds, name, networks, gap):
    """Time one assignment from nothing, and the month after it from a warm start."""
    links, demand, closed = networks
    start = time.perf_counter()
    network = Network(links, closed)
    answer = network.assign(demand, gap=gap)
    seconds[f"{name}, gap {gap:g}"] = time.perf_counter() - start
    later = demand.assign(trips=demand["trips"] * np.random.default_rng(3).uniform(0.95, 1.05, len(demand)))
    start = time.perf_counter()
    warm = network.assign(later, gap=gap, warm=answer)
    seconds[f"{name}, gap {gap:g}, 5 % more or less, warm"] = time.perf_counter() - start
    if not (answer.converged and warm.converged):
        raise RuntimeError(f"{name}: {answer.message}; {warm.message}")
    return answer


def run() -> dict[str, float]:
    """Seconds of each piece of work, the first time it is done."""
    seconds: dict[str, float] = {}
    clock(seconds, "24 zones, 76 links, 528 pairs", town(), 1e-6)
    clock(seconds, "24 zones, 76 links, 528 pairs", town(), 1e-9)
    clock(seconds, "38 zones, 416 nodes, 914 links", county(), 1e-6)
    return seconds


if __name__ == "__main__":
    for what, taken in run().items():
        print(f"{taken:8.3f} s  {what}")
    for name in ("SiouxFalls", "Anaheim") if len(sys.argv) > 1 else ():
        for gap in (1e-6, 1e-9):
            measured: dict[str, float] = {}
            found = clock(measured, name, tntp(sys.argv[1], name), gap)
            for what, taken in measured.items():
                print(f"{taken:8.3f} s  {what}")
            print(f"{'':12}objective {found.objective!r}, {found.message}")
