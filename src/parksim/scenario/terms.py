"""Kinds of values that several sections of a scenario file share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
Share = Annotated[float, Field(ge=0, le=1)]
Cell = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]
"""Row and column, counted from 0 at the north-west corner."""
WageBand = Literal["low", "middle", "high"]
Payer = Literal["government", "operator", "employers", "users"]
Tier = Literal["micro", "innovative", "srdi", "little_giant", "champion"]
TIERS: tuple[Tier, ...] = ("micro", "innovative", "srdi", "little_giant", "champion")
"""The ladder of enterprises, from the ground: micro, innovative SME, SRDI, little giant, single champion."""
