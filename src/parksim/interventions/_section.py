"""Changing a section of the layout field by field, for interventions that set what holds in the whole park."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from parksim.errors import nearest

if TYPE_CHECKING:
    from parksim.scenario.schema import Intervention, Layout


def changed(layout: Layout, section: str, intervention: Intervention) -> Layout:
    """Return the layout with fields of one section set anew and checked."""
    old = getattr(layout, section)
    return layout.model_copy(
        update={section: type(old).model_validate({**old.model_dump(), **intervention.set})}
    )


def impossible(layout: Layout, section: str, intervention: Intervention) -> str | None:
    """Say which field the section does not have, or that none is given."""
    fields = type(getattr(layout, section)).model_fields
    for name in intervention.set:
        if name not in fields:
            return f"{section} has no '{name}'{nearest(name, fields)}"
    if not intervention.set:
        return f"{intervention.kind} needs 'set:' with at least one of {', '.join(fields)}"
    try:
        changed(layout, section, intervention)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, ("set", *first["loc"])))
        return f"{where}: {first['msg'].removeprefix('Value error, ')}"
    return None
