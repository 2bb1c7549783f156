"""How long the place takes to come back after a shock, and to find safety hazards. Reads; changes nothing.

What a shock of each type throws back is :data:`AFFECTED`. A series is back when it is within
:data:`RECOVERED_WITHIN` of its mean over the three months before the shock; a shock is over when all its series
are back and its cause has passed. The months count from the month in which it struck. What never left the band
took 0 months. What is not back when the run ends is censored: its months so far count, and ``recovered_share``
says for how many of the shocks that is not so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parksim.disturbance import MONTH_DAYS

if TYPE_CHECKING:
    from parksim.model import ParkModel
    from parksim.scenario.shocks import Shock

RECOVERED_WITHIN = 0.05
BEFORE_MONTHS = 3
AFFECTED: dict[str, tuple[str, ...]] = {
    "epidemic": ("visits", "present"),
    "demand": ("output", "employees"),
    "flood": ("commute", "visits"),
    "hazards": (),
}
"""Series by type of shock: visits served a head, share of people present, output, head-count, mean commute."""


def pulse(model: ParkModel, measured: dict[str, float]) -> dict[str, float]:
    """Return the month's value of each series; what cannot be said is left out."""
    rows = np.flatnonzero(model.posts.filled)
    heads = max(rows.size, 1)
    there, state = model.presence(rows), model.services
    out = {
        "visits": float((state.asked - state.refused - state.gave_up).sum()) / heads,
        "present": 1.0 if there is None else float(there.sum()) / heads,
        "employees": float(rows.size),
        "output": measured.get("output_per_mu"),
        "commute": measured.get("commute_mean_min"),
    }
    return {name: value for name, value in out.items() if value is not None}


def measure(model: ParkModel) -> dict[str, float]:
    """Return ``recovery_months``, ``recovered_share`` and ``hazard_detection_days``, as far as they exist."""
    out: dict[str, float] = {}
    known = [_recovery(model, shock) for shock in model.layout.shocks if shock.month <= model.month]
    struck = [one for one in known if one is not None]
    if struck:
        out["recovery_months"] = float(np.mean([months for months, _ in struck]))
        out["recovered_share"] = float(np.mean([back for _, back in struck]))
    today, look_back = MONTH_DAYS * model.month, 365.0
    days = [h.found - h.arose for h in model.shocks.hazards if today - look_back < h.found <= today]
    if days:
        out["hazard_detection_days"] = float(np.mean(days))
    return out


def _recovery(model: ParkModel, shock: Shock) -> tuple[int, bool] | None:
    """Return the months until a shock was over (so far), and whether it is; None where it cannot be said."""
    months, series = model.memory.pulse, AFFECTED[shock.type]
    earlier = months[max(shock.month - 1 - BEFORE_MONTHS, 0) : shock.month - 1]
    if not series or not earlier:
        return None
    usual = {
        name: float(np.mean([month[name] for month in earlier if name in month] or [np.nan]))
        for name in series
    }
    hit = False
    for at in range(shock.month, model.month + 1):
        off = any(_off(name, months[at - 1].get(name), usual[name]) for name in series)
        hit |= off
        if not off and at >= shock.month + shock.months:
            return (at - shock.month if hit else 0), True
    return model.month - shock.month + 1, False


def _off(name: str, now: float | None, usual: float) -> bool:
    if now is None or np.isnan(usual):
        return False
    if name == "commute":
        return bool(now > usual * (1 + RECOVERED_WITHIN))
    return bool(now < usual * (1 - RECOVERED_WITHIN))
