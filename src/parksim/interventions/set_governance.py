"""Change who runs the place: organs, seats, channels for requests, events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.errors import nearest
from parksim.scenario.schema import Governance

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout


def apply(layout: Layout, intervention: Intervention) -> Layout:
    """Return the layout with the new governance."""
    changed = Governance.model_validate({**layout.governance.model_dump(), **intervention.set})
    return layout.model_copy(update={"governance": changed})


def problem(layout: Layout, intervention: Intervention) -> str | None:  # noqa: ARG001
    """Say what makes it impossible."""
    for name in intervention.set:
        if name not in Governance.model_fields:
            return f"governance has no '{name}'{nearest(name, Governance.model_fields)}"
    return None if intervention.set else "set_governance needs 'set:' with at least one field"


def summary(intervention: Intervention) -> str:
    """Say in one line what it does."""
    return "governance: " + ", ".join(sorted(intervention.set))
