"""Importing 1 km² of OpenStreetMap with 500 buildings; aim: 10 s from file to checked scenario.

``python -m benchmarks.bench_import [FILE.osm.pbf W,S,E,N]``: a drawn town, or a box of a real extract.
"""

import math
import sys
import tempfile
import time
from pathlib import Path

from parksim.importers import osm, outline
from parksim.importers.compose import Plan, compose
from parksim.importers.findings import Findings
from parksim.importers.finish import finish
from parksim.importers.tables import read_table

LON, LAT = 120.2, 30.2
KILOMETRE = 1000


def town(folder):
    """Streets every 100 m and 500 houses of all kinds, a third of them in fenced yards, with shops and stops."""
    nodes, ways = [], []

    def node(x, y, **tags):
        lon, lat = LON + x / (111_319.49 * math.cos(math.radians(LAT))), LAT + y / 110_850.0
        told = "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())
        nodes.append(f'<node id="{len(nodes) + 1}" version="1" lon="{lon:.7f}" lat="{lat:.7f}">{told}</node>')
        return len(nodes)

    def way(points, **tags):
        refs = [node(*point) for point in points]
        if points[0] == points[-1]:
            refs[-1] = refs[0]
        told = "".join(f'<tag k="{k.replace("__", ":")}" v="{v}"/>' for k, v in tags.items())
        refs = "".join(f'<nd ref="{n}"/>' for n in refs)
        ways.append(f'<way id="{len(ways) + 1}" version="1">{refs}{told}</way>')

    def box(x, y, width, height, **tags):
        way([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], **tags)

    for k in range(0, KILOMETRE + 1, 100):
        kind = "primary" if k == 500 else "residential"
        way([(-60, k), (KILOMETRE + 60, k)], highway=kind)
        way([(k, -60), (k, KILOMETRE + 60)], highway=kind)
        node(k, 500, highway="bus_stop", name=f"Stop {k}")
    houses = 0
    for x in range(0, KILOMETRE, 100):
        for y in range(0, KILOMETRE, 100):
            if (x + y) % 300 == 0:
                box(x + 8, y + 8, 84, 84, barrier="fence")
            node(x + 50, y + 50, amenity="cafe", name=f"Café {x} {y}")
            for k in range(5):
                use = ("office", "industrial", "apartments", "yes", "yes")[k]
                at = ((14, 14), (58, 14), (14, 58), (58, 58), (40, 40))[k]
                box(x + at[0], y + at[1], 28 if k < 4 else 12, 26 if k < 4 else 12, building=use)
                houses += 1
    text = "".join(['<osm version="0.6">', *nodes, *ways, "</osm>"])
    path = Path(folder) / "town.osm"
    path.write_text(text, encoding="utf-8")
    (west, south), (east, north) = (
        (LON + m / (111_319.49 * math.cos(math.radians(LAT))), LAT + m / 110_850.0) for m in (0, KILOMETRE)
    )
    return path, f"{west},{south},{east},{north}", houses


def run(file=None, bbox=None):
    with tempfile.TemporaryDirectory() as folder:
        if file is None:
            file, bbox, _ = town(folder)
        findings, start = Findings(), time.perf_counter()
        features = osm.read(Path(file), outline.bbox(bbox), read_table("osm", None), findings)
        read = time.perf_counter() - start
        draft = compose(features, Plan("bench", "Bench", cell_m=15, source="benchmark"), findings)
        drawn = time.perf_counter() - start - read
        _, problems = finish(draft, findings, Path(folder) / "made", source="benchmark")
        assert not problems, problems[:3]
        whole = time.perf_counter() - start
    return {
        "buildings": float(findings.read["buildings"]),
        "read, s": read,
        "drawn, s": drawn,
        "file to checked scenario and page, s": whole,
    }


if __name__ == "__main__":
    for what, value in run(*sys.argv[1:]).items():
        print(f"{what:50s} {value:10.2f}")
