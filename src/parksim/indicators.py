"""The indicators by name: unit, which way is better, from which difference on they matter, and the formula.

Values are taken over the last 12 months of a run unless said otherwise. Whoever leaves, is unhoused or is turned
away stays in the denominator. A new indicator is one entry here and one line in :mod:`parksim.phases.measure`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from parksim.errors import ParksimError, nearest
from parksim.scenario.categories import CATEGORIES
from parksim.scenario.schema import PAYERS

Better = Literal["lower", "higher", "none"]
Over = Literal["mean", "last", "sum"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """Definition of one indicator.

    Attributes
    ----------
    name, unit : str
        Shares are 0 to 1 in data, per cent in text.
    better : str
        ``lower``, ``higher`` or ``none``.
    threshold : float
        Smallest difference that matters to anybody, in the unit.
    formula : str
        Definition with its denominator.
    over : str
        How the headline follows from the months: mean of the last 12, the last month, or the sum of the run.
    """

    name: str
    unit: str
    better: Better
    threshold: float
    formula: str
    over: Over = "mean"
    relative: bool = False
    """Whether the threshold is a share of the baseline's mean."""


def _of_payer(payer: str) -> list[Indicator]:
    """Return the accounts of one payer."""
    return [
        Indicator(
            f"capex_cny_{payer}",
            "CNY",
            "lower",
            1e4,
            f"one-off cost booked to {payer} so far: what the plain layout has not, and what was done",
            "last",
        ),
        Indicator(
            f"opex_cny_year_{payer}",
            "CNY/year",
            "lower",
            1e4,
            f"running cost of {payer} beyond the plain layout's",
            "last",
        ),
        Indicator(
            f"returns_cny_year_{payer}",
            "CNY/year",
            "higher",
            1e4,
            f"what {payer} takes in, less what {payer} pays to others, beyond the plain park's month 0",
        ),
        Indicator(
            f"discounted_cost_{payer}",
            "CNY",
            "lower",
            1e4,
            f"one-off and running cost booked to {payer} over the run, discounted to month 0",
            "last",
        ),
        Indicator(
            f"net_cost_{payer}",
            "CNY",
            "lower",
            1e4,
            f"discounted cost of {payer} over the run less the discounted returns beyond the plain park's month 0",
            "last",
        ),
        Indicator(
            f"payback_years_{payer}",
            "years",
            "lower",
            0.5,
            f"of a comparison: years until the difference of {payer}'s yearly returns less running cost, discounted, "
            "has paid for the difference of one-off cost; n/a where it never does",
        ),
    ]


def _all() -> dict[str, Indicator]:
    rows = [
        Indicator(
            "commute_mean_min",
            "min",
            "lower",
            1.0,
            "mean one-way door-to-desk minutes of those who travelled this month",
        ),
        Indicator("commute_median_min", "min", "lower", 1.0, "median of the same"),
        Indicator(
            "commute_mean_min_cohort",
            "min",
            "lower",
            1.0,
            "mean over everyone employed at month 0, a leaver with the last known time",
        ),
        Indicator(
            "commute_share_within_45", "share", "higher", 0.01, "share of commuters with at most 45 minutes"
        ),
        Indicator(
            "commute_share_over_60", "share", "lower", 0.01, "share of commuters with more than 60 minutes"
        ),
        Indicator(
            "commute_share_under_5km", "share", "higher", 0.01, "share of employees whose route is under 5 km"
        ),
        Indicator(
            "live_in_park_share",
            "share",
            "higher",
            0.01,
            "employees living in a flat of the park / employees",
        ),
        Indicator("jobs_per_home", "ratio", "none", 0.1, "jobs per flat of the park; n/a without flats"),
        Indicator(
            "retention_employee_12m",
            "share",
            "higher",
            0.01,
            "of those employed in the park twelve months before, share employed in the park now",
        ),
        Indicator("retention_employer_12m", "share", "higher", 0.01, "... still with the same employer"),
        Indicator("turnover_annual", "share", "lower", 0.01, "quits of the last 12 months / mean head-count"),
        Indicator(
            "retention_enterprise_12m",
            "share",
            "higher",
            0.01,
            "of enterprises in the park twelve months before, share still there; displaced and not returned is gone",
        ),
        Indicator(
            "retention_enterprise_36m",
            "share",
            "higher",
            0.01,
            "of enterprises in the park 36 months before, share still there",
        ),
        Indicator(
            "stayed_share_cohort",
            "share",
            "higher",
            0.01,
            "of those employed at month 0, share that never left its employer",
            "last",
        ),
        Indicator(
            "employees_retained",
            "persons",
            "higher",
            50,
            "of those employed at month 0, how many no month of the run ended without a post in the park for",
            "last",
        ),
        Indicator("vacancy_rate", "share", "lower", 0.01, "open posts / posts"),
        Indicator("floor_vacancy_share", "share", "lower", 0.01, "free office floor / office floor"),
        Indicator("ties_per_employee", "ties", "higher", 0.25, "mean ties outside one's own firm"),
        Indicator(
            "ties_counted",
            "ties",
            "higher",
            0.25,
            "the same, at most parameters.staying.ties_counted a person: what can bear on quitting",
        ),
        Indicator(
            "participation_share",
            "share",
            "higher",
            0.01,
            "employees who took part in an event in the last 12 months / employees",
        ),
        Indicator(
            "spillover_index",
            "workers",
            "higher",
            0.02,  # at an elasticity of 0.07 productivity moves by 0.14 %
            "sum over ordered pairs of firms of exp(decay * walking minutes) * workers of the other",
            relative=True,
        ),
        Indicator(
            "spinoffs", "firms", "higher", 1.0, "new firms founded by people of firms of the park", "sum"
        ),
        Indicator(
            "runway_months",
            "months",
            "higher",
            0.5,
            "mean over firms of the months they could go on without income",
        ),
        Indicator(
            "office_rent", "CNY/m2/month", "none", 1.0, "mean rent of the running leases, weighed by posts"
        ),
        Indicator(
            "partner_share_near",
            "share",
            "higher",
            0.01,
            "mean over firms of the share of own and partner sectors among the other firms a short walk away "
            "(parameters.enterprises.neighbour_reach_min)",
        ),
        Indicator(
            "digital_level",
            "level",
            "higher",
            0.01,
            "mean over active firms of the share of the known digital methods that a firm has",
        ),
        Indicator(
            "digital_gap",
            "level",
            "lower",
            0.01,
            "between linked towns: mean digital level of the town that leads less that of the town that lags",
        ),
        Indicator(
            "methods_taken_up",
            "methods",
            "higher",
            10,
            "digital methods that firms took up from the hub of linked towns",
            "sum",
        ),
        Indicator("firms_high_tech", "firms", "none", 2, "active national high-tech enterprises", "last"),
        Indicator("firms_listed", "firms", "none", 1, "active listed enterprises", "last"),
        Indicator("land_mu", "mu", "none", 1.0, "land of the park, without what is marked outside", "last"),
        Indicator(
            "cross_firm_collaborations",
            "projects/year",
            "higher",
            5.0,
            "pairs of firms that began a joint project in the last 12 months, through their people's ties",
        ),
        Indicator(
            "visits_served",
            "share",
            "higher",
            0.01,
            "mean over employees of the share of the visits they want that are served at all, sooner or later",
        ),
        Indicator(
            "wait_min",
            "min",
            "lower",
            0.5,
            "mean wait of the visits to a place on a working day (by place only)",
        ),
        Indicator(
            "requests_answered_share",
            "share",
            "higher",
            0.05,
            "answered requests / requests; with nobody to ask a request counts as unanswered",
        ),
        Indicator("request_days", "days", "lower", 1.0, "mean days to an answer, over the answered requests"),
        Indicator(
            "output_per_mu", "10^4 CNY/mu/year", "higher", 5.0, "yearly output / land (1 mu = 666.7 m2)"
        ),
        Indicator("tax_per_mu", "10^4 CNY/mu/year", "higher", 0.5, "yearly tax / land (1 mu = 666.7 m2)"),
        Indicator(
            "land_vacated_mu", "mu", "none", 1.0, "land of blocks vacated for renewal since the start", "last"
        ),
        Indicator(
            "new_floor_m2",
            "m2",
            "higher",
            100.0,
            "floor that renewals built and opened since the start",
            "last",
        ),
        Indicator(
            "firms_displaced",
            "firms",
            "lower",
            1.0,
            "firms that had to leave their block for a renewal",
            "sum",
        ),
        Indicator(
            "firms_returned", "firms", "higher", 1.0, "displaced firms that came back to their block", "sum"
        ),
        Indicator("employees", "persons", "none", 100, "people employed in the park", "last"),
        Indicator("enterprises", "firms", "none", 5, "active enterprises", "last"),
        Indicator(
            "enterprises_registered",
            "firms",
            "none",
            5,
            "active enterprises and empty shells, at the scenario's inactive share",
            "last",
        ),
        Indicator(
            "capex_cny",
            "CNY",
            "lower",
            1e4,
            "cost of building what stands or was done and is not in the plain layout",
            "last",
        ),
        Indicator(
            "opex_cny_year",
            "CNY/year",
            "lower",
            1e4,
            "yearly running cost of places, governance and measures",
            "last",
        ),
        Indicator(
            "cost_per_retained_employee",
            "CNY/person",
            "lower",
            1e4,
            "of a comparison: difference of the discounted cost of all payers / difference of employees_retained; "
            "n/a where the interval of either difference includes 0",
        ),
    ]
    for payer in PAYERS:
        rows += _of_payer(payer)
    rows += [
        Indicator(
            "recovery_months",
            "months",
            "lower",
            1.0,
            "from the month of a shock until what it throws back (epidemic: visits served a head, people present; "
            "demand: output, employees; flood: commutes, visits) is within 5 % of its mean over the three months "
            "before; mean over shocks; one that is not back counts with its months so far (see recovered_share)",
            "last",
        ),
        Indicator(
            "recovered_share",
            "share",
            "higher",
            0.05,
            "of the shocks whose recovery is counted, share that is over; below 1 recovery_months is censored",
            "last",
        ),
        Indicator(
            "hazard_detection_days",
            "days",
            "lower",
            2.0,
            "mean days until a safety hazard was found, on a round or by accident; of those found within a year",
            "last",
        ),
    ]
    rows += [
        Indicator(
            "local_tax_cny_year",
            "CNY/year",
            "higher",
            1e5,
            "tax on the park's workers that stays in the city",
        ),
        Indicator("office_rent_cny_year", "CNY/year", "none", 1e5, "office rents by the running leases"),
        Indicator("flat_rent_cny_year", "CNY/year", "none", 1e5, "rents of the park's flats that are let"),
        Indicator(
            "places_income_cny_year",
            "CNY/year",
            "none",
            1e5,
            "prices of the visits served in the park, those of people from outside included",
        ),
        Indicator(
            "rent_rise_cny_year",
            "CNY/year",
            "lower",
            1e5,
            "what firms pay for their floor beyond the mean rent of the plain park's month 0",
        ),
        Indicator(
            "support_cny",
            "CNY",
            "none",
            1e6,
            "given to firms by funds, credit and listing rewards since month 0, less what they paid back",
            "last",
        ),
        Indicator(
            "small_firm_exits",
            "firms",
            "lower",
            1.0,
            "firms of at most parameters.economics.small_firm_posts posts that left the park while the last renewal "
            "of their lease had raised the rent",
            "sum",
        ),
        Indicator(
            "small_firms_gone_share",
            "share",
            "lower",
            0.01,
            "of the small firms in the park twelve months before, share gone now",
        ),
    ]
    sides: tuple[Better, ...] = ("higher", "none", "none", "lower")
    rows += [
        Indicator(
            f"firms_grade_{name}",
            "share",
            better,
            0.01,
            f"firms of grade {name.upper()} by output and tax per mu, the lower of the two / firms",
            "last",
        )
        for name, better in zip("abcd", sides, strict=True)
    ]
    return {row.name: row for row in rows}


ALL = _all()
"""Indicators whose name has no variable part."""

_PATTERNS: tuple[tuple[str, str, Better, float, str], ...] = (
    ("mode_share_", "share", "none", 0.01, "share of commuters whose main mode is {}"),
    (
        "coverage_all_",
        "share",
        "higher",
        0.01,
        "employees for whom every category of circle {} they need is covered / employees who need any",
    ),
    (
        "coverage_",
        "share",
        "higher",
        0.01,
        (
            "mean over employees of the share of the categories of {} they need that have an open place they may "
            "use within the circle's walking minutes of desk or home"
        ),
    ),
    (
        "nearest_min_",
        "min",
        "lower",
        0.5,
        "median walking minutes to the nearest usable {} of those who need one; none within an hour counts as 60",
    ),
    (
        "served_",
        "share",
        "higher",
        0.01,
        "visits wanted in {} that end within the circle's minutes, walk plus wait / visits wanted",
    ),
    ("tier_", "firms", "none", 1.0, "active enterprises on the tier {} of the ladder"),
    ("placed_share_", "share", "higher", 0.02, "of those who want a place in {}, share who have one"),
)


def describe(name: str) -> Indicator:
    """Return the definition of an indicator, also of one with a variable part as ``mode_share_walk``.

    Raises
    ------
    ParksimError
        If there is no such indicator; the nearest name is given.
    """
    if name in ALL:
        return ALL[name]
    for prefix, unit, better, threshold, formula in _PATTERNS:
        rest = name.removeprefix(prefix)
        if rest != name and rest:
            category = CATEGORIES.get(rest)
            return Indicator(name, unit, better, threshold, formula.format(category.en if category else rest))
    raise ParksimError(f"no indicator '{name}'{nearest(name, ALL)}")
