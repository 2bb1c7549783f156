"""Finding and replacing things by name, for interventions that act on one of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from parksim.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from parksim.scenario.schema import Intervention


class Named(Protocol):
    """A frozen pydantic model with a name."""

    @property
    def name(self) -> str:
        """Its name."""

    def model_dump(self) -> dict[str, Any]:
        """Its fields."""

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """Check fields."""


T = TypeVar("T", bound=Named)


def missing(what: str, things: Sequence[Named], name: str | None) -> str | None:
    """Say that the target is not named or not there."""
    if name is None:
        return f"needs 'target:', the name of a {what}"
    names = [thing.name for thing in things]
    return None if name in names else f"there is no {what} '{name}'{nearest(name, names)}"


def replaced(things: tuple[T, ...], name: str | None, changes: dict[str, Any]) -> tuple[T, ...]:
    """Return the list with one thing changed and checked again."""
    return tuple(
        type(thing).model_validate({**thing.model_dump(), **changes}) if thing.name == name else thing
        for thing in things
    )


def nothing_set(intervention: Intervention, settings: type[BaseModel]) -> str | None:
    """Say that the kind needs to be told what to set."""
    if intervention.set:
        return None
    return f"{intervention.kind} needs 'set:' with at least one of {', '.join(settings.model_fields)}"


def told(intervention: Intervention) -> str:
    """Write what is set, for a summary."""
    return ", ".join(f"{name} = {value}" for name, value in intervention.set.items())
