"""Run every benchmark, print the figures beside earlier ones, and write them as JSON.

``python -m benchmarks [NAME ...] [--json FILE] [--against FILE]``. Machines differ and are
noisy: earlier figures are compared by a calibration loop measured in each run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import time
from pathlib import Path

import numpy as np

import benchmarks


def calibration() -> float:
    """Seconds of a fixed piece of numpy work, the best of five: what this machine is worth just now."""
    x = np.arange(1_000_000, dtype=np.float64)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(5):
            np.sort(np.sin(x))
        best = min(best, time.perf_counter() - start)
    return float(best)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="modules, as 'roads'; default: all")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--against", type=Path, help="earlier figures to compare with")
    options = parser.parse_args()
    known = [
        m.name.removeprefix("bench_")
        for m in pkgutil.iter_modules(benchmarks.__path__)
        if m.name[:6] == "bench_"
    ]
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    earlier = json.loads(options.against.read_text(encoding="utf-8")) if options.against else None
    unit = calibration()
    figures: dict[str, float] = {}
    print(f"{'calibration loop':58s} {unit:10.4f} s")
    for name in options.names or known:
        for what, value in importlib.import_module(f"benchmarks.bench_{name}").run().items():
            figures[f"{name}: {what}"] = value
            then = ""
            if earlier and f"{name}: {what}" in earlier["figures"]:
                before = earlier["figures"][f"{name}: {what}"] / earlier["calibration_s"]
                then = f"  x{value / unit / before:.2f} of earlier" if before else ""
            print(f"{name + ': ' + what:58s} {value:10.4f}{then}", flush=True)
    if options.json:
        options.json.write_text(
            json.dumps({"calibration_s": unit, "figures": figures}, indent=2), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
