"""The parameter table: every coefficient is read by the model, and its default lies within its range."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import parksim
from parksim.scenario.parameters import table

SOURCES = "\n".join(
    file.read_text(encoding="utf-8")
    for file in Path(parksim.__file__).parent.rglob("*.py")
    if file.name != "parameters.py"
)


@pytest.mark.parametrize("row", table(), ids=lambda row: row["path"])
def test_a_parameter_is_read_somewhere_and_its_default_is_plausible(row):
    name = row["path"].rsplit(".", 1)[1]
    family = "asc_{mode}" if name.startswith("asc_") else name  # mode constants are read by the mode's name
    assert re.search(rf"\b{re.escape(family)}(?!\w)", SOURCES), f"{row['path']} changes nothing"
    assert row["low"] <= row["default"] <= row["high"]
