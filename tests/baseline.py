"""Exact figures kept, so that every change of numbers is a decision: ``python -m tests.baseline`` writes them anew."""

from __future__ import annotations

from pathlib import Path

import yaml

import parksim as ps

FILE = Path(__file__).with_name("baseline.yaml")
CASES = {
    "tiny-park": {"seed": 1, "months": 36},
    "tiny-community": {"seed": 1, "months": 36},
    "iot-town-park": {"seed": 1, "months": 6},
    "iot-town-community": {"seed": 1, "months": 6},
}


def figures(name: str) -> dict[str, float | None]:
    run = ps.run(ps.load(name), **CASES[name])
    return {k: None if v != v else float(v) for k, v in run.indicators.items()}  # noqa: PLR0124


def main() -> None:
    FILE.write_text(
        yaml.safe_dump({name: figures(name) for name in CASES}, sort_keys=False), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
