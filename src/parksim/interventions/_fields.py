"""Fields that ``set:`` may give, taken from the model of what a kind changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model

from parksim.scenario.parameters import Frozen

if TYPE_CHECKING:
    from collections.abc import Collection


def any_of(model: type[Frozen], *, but: Collection[str] = (), only: Collection[str] = ()) -> type[Frozen]:
    """Return a model with fields of another, none of them required: what a kind that changes things takes.

    Parameters
    ----------
    model : type of Frozen
        What is changed, as :class:`~parksim.scenario.schema.Amenity`.
    but : collection of str
        Fields that stay.
    only : collection of str
        Fields that may change; by default all.

    Returns
    -------
    type of Frozen
    """
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in but or (only and name not in only):
            continue
        kept: Any = info.annotation
        for bound in info.metadata:
            kept = Annotated[kept, bound]
        fields[name] = (kept | None, Field(None, json_schema_extra=info.json_schema_extra))
    return create_model(f"Any{model.__name__}", __base__=Frozen, **fields)


def all_of(model: type[Frozen], *, but: Collection[str] = ()) -> type[Frozen]:
    """Return a model with the fields of another as they are, required or not: what a kind that adds takes."""
    fields: dict[str, Any] = {
        name: (info.annotation, info) for name, info in model.model_fields.items() if name not in but
    }
    return create_model(f"New{model.__name__}", __base__=Frozen, **fields)
