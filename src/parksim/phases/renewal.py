"""What is measured of blocks under renewal: land, floor, firms, and output and tax a mu before, during and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from parksim import yields
from parksim.scenario.renewal import RENEWAL, land_mu, new_floor_m2

if TYPE_CHECKING:
    import pandas as pd

    from parksim.model import ParkModel

COLUMNS = (
    "month",
    "block",
    "stage",
    "land_mu",
    "floor_m2",
    "enterprises",
    "employees",
    "output_per_mu",
    "tax_per_mu",
)
WHEN = {"operating": "before", "vacating": "during", "building": "during", "reopened": "after"}
"""What a stage is, seen from the works."""


def blocks(model: ParkModel) -> list[str]:
    """Return the blocks that are, were or will be renewed."""
    planned = [i.target for i in model.spec.interventions if i.kind == RENEWAL and i.target]
    return list(dict.fromkeys([*planned, *(r.block for r in model.layout.renewals)]))


def measured(model: ParkModel) -> dict[str, float]:
    """Return the indicators of renewal, and remember the month of each block; nothing where none is planned."""
    mine, layout = blocks(model), model.layout
    if not mine:
        return {}
    model.memory.blocks += [_month(model, block) for block in mine]
    vacated = {r.block for r in layout.renewals if r.stage in ("building", "reopened")}
    return {
        "land_vacated_mu": sum(land_mu(layout, block) for block in vacated),
        "new_floor_m2": sum(new_floor_m2(layout, r) for r in layout.renewals if r.stage == "reopened"),
        "firms_displaced": float(model.displaced.now),
        "firms_returned": float(model.displaced.returned),
    }


def _month(model: ParkModel, block: str) -> tuple[Any, ...]:
    from parksim.phases.measure import productivity  # noqa: PLC0415  (which calls this module)

    place, posts = model.place, model.posts
    inside = np.array([b.block == block for b in place.buildings])
    here = np.flatnonzero(posts.filled & inside[place.unit_building[posts.unit]])
    firms = int(np.count_nonzero(inside[model.firms.building[model.firms.active]]))
    floor = sum(b.m2 for b in place.buildings if b.block == block)
    stages = [r.stage for r in model.layout.renewals if r.block == block]
    stage = stages[-1] if stages else "operating"
    mu, sector = land_mu(model.layout, block), model.firms.sector[posts.firm[here]]
    output, tax = (
        float(each[sector].sum()) * productivity(model) / mu for each in yields.a_worker(model.spec)
    )
    return (model.month, block, stage, mu, floor, firms, here.size, output, tax)


def table(*parks: ParkModel) -> pd.DataFrame:
    """Return a row a month and block; blocks of linked towns follow those of the scenario's own."""
    import pandas as pd  # noqa: PLC0415  (slow to import)

    return pd.DataFrame([row for park in parks for row in park.memory.blocks], columns=list(COLUMNS))


def by_stage(model: ParkModel) -> list[tuple[str, str, int, float]]:
    """Return output and tax a mu by block before, during and after: ``indicator, group, people, value``.

    Means over the months; nan where a run has none. Groups are written ``block=north before``.
    """
    months = table(model)
    out = []
    for block in blocks(model):
        for when in ("before", "during", "after"):
            here = months[(months["block"] == block) & (months["stage"].map(WHEN) == when)]
            people = round(float(here["employees"].mean())) if len(here) else 0
            out += [
                (name, f"block={block} {when}", people, float(here[name].mean()) if len(here) else np.nan)
                for name in ("output_per_mu", "tax_per_mu")
            ]
    return out
