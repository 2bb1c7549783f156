"""Works: what was decided earlier is built, and opens when its months of building are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parksim.model import ParkModel


def play(model: ParkModel) -> None:
    """Open what is finished this month."""
    due = [item for item in model.works if item[0] <= model.month]
    if not due:
        return
    model.works = [item for item in model.works if item[0] > model.month]
    for _, intervention in due:
        model.change_layout(intervention)
