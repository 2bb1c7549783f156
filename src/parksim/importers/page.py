"""The page an import ends with: what was read, guessed and left out, and whether it passes the check."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment

if TYPE_CHECKING:
    from parksim.errors import Problem
    from parksim.importers.findings import Findings

PAGE = Path(__file__).with_name("page.html")


def page(
    title: str,
    source: str,
    found: Findings,
    problems: list[Problem],
    *,
    picture: bytes = b"",
    licence: str = "",
) -> str:
    """Write the page as one HTML file that needs no other.

    Parameters
    ----------
    title, source : str
        Name of the scenario, and what it was made from.
    found : Findings
    problems : list of Problem
        What `parksim check` says.
    picture : bytes
        PNG of the map.
    licence : str
        Of the data.
    """
    data = f"data:image/png;base64,{base64.b64encode(picture).decode()}" if picture else ""
    template = Environment(autoescape=True, trim_blocks=True).from_string(PAGE.read_text(encoding="utf-8"))
    return template.render(
        title=title,
        source=source,
        found=found,
        guesses=found.all_guesses(),
        problems=problems,
        picture=data,
        licence=licence,
    )
