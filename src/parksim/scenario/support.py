"""What a place does for its firms: procedures, funds, credit on intellectual property, rewards for a listing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parksim.scenario.parameters import Frozen
from parksim.scenario.terms import Name, Payer, Share, Tier  # noqa: TC001  (pydantic reads them)

STAGES = ("share company", "tutoring", "application", "listing")
"""On the way to the stock exchange: 股改, 辅导, 受理, 上市."""

Cny = Annotated[float, Field(ge=0, le=1e12)]


class Fund(Frozen):
    """Money given once a year to the best of the firms that may have it, until the year's budget is used up."""

    name: Name
    title: str = ""
    title_zh: str = ""
    cny_year: Cny
    """Budget of a year; what is left lapses."""
    cny_firm: float = Field(gt=0, le=1e12)
    """What one firm gets in a year; the last one gets what is left."""
    sectors: tuple[str, ...] = ()
    """Sectors that may have it; none named: all."""
    tiers: tuple[Tier, ...] = ()
    """Tiers of the ladder that may have it; none named: all."""
    max_age_years: float | None = Field(None, ge=0, le=200)
    payer: Payer = "government"


class Credit(Frozen):
    """Loans on intellectual property: cash now for firms that do research and are short of it, paid back monthly."""

    cny_year: Cny
    """New loans of a year, a twelfth of it each month; a lottery says who comes first."""
    cny_worker: float = Field(20_000, gt=0, le=1e7)
    """Loan for each post of the firm."""
    research_share: Share = 0.08
    """Smallest share of research in revenue."""
    runway_months: float = Field(9, ge=0, le=120)
    """Who has cash for longer does not ask."""
    months: int = Field(24, ge=1, le=240)
    """Months over which it is paid back."""
    interest_year: float = Field(0.04, ge=0, le=0.5)
    payer: Payer = "government"
    """Who lends, and bears what firms that are gone have not paid back."""


class ListingReward(Frozen):
    """Money at each of the four stages on the way to the stock exchange; it moves no firm along."""

    cny_stages: tuple[Cny, Cny, Cny, Cny]
    payer: Payer = "government"


class Support(Frozen):
    """What the place does for its firms; it acts on their costs, delays and cash."""

    delay_days: float = Field(2, ge=0, le=20)
    """Days a month that procedures keep a firm waiting."""
    funds: tuple[Fund, ...] = ()
    credit: Credit | None = None
    listing: ListingReward | None = None

    @property
    def gives(self) -> bool:
        """Whether firms may get money."""
        return bool(self.funds) or self.credit is not None or self.listing is not None
