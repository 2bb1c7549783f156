"""The parameter table: every coefficient of the model with its range, unit, grade and source.

Grades: **A** official or peer-reviewed; **B** press or secondary, agrees with something else; **C** a single
weak source; **assumed** our own choice. Parameters of grade B, C and assumed that have a range are drawn
anew in each replication of a comparison (:func:`parksim.experiment.futures.draw`), shared by all its scenarios.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Grade = Literal["A", "B", "C", "assumed"]


class Frozen(BaseModel):
    """Base of everything read from a file: unknown keys are errors, values never change."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=False, allow_inf_nan=False, validate_default=True
    )  # a default stated and one left out are the same value


def param(
    default: float,
    low: float,
    high: float,
    unit: str,
    grade: Grade,
    source: str,
    *,
    ge: float | None = None,
    le: float | None = None,
) -> Any:
    """One entry of the table: a float field that carries its plausible range, unit, grade and source.

    Parameters
    ----------
    default, low, high : float
        Default and plausible range (``low == high``: no range is drawn).
    unit, grade, source : str
        As shown in reports.
    ge, le : float, optional
        Hard limits; by default three range widths beyond the plausible range, and not below 0 where
        the range is not.
    """
    span = high - low or abs(default) or 1.0
    if ge is None:
        ge = max(low - 3 * span, 0.0) if low >= 0 else low - 3 * span
    return Field(
        default,
        ge=ge,
        le=high + 3 * span if le is None else le,
        json_schema_extra={"low": low, "high": high, "unit": unit, "grade": grade, "source": source},
    )


class TravelParameters(Frozen):
    """Getting to the desk."""

    walk_kmh: float = param(4.5, 4.0, 5.0, "km/h", "B", "planning value; Kunming 2019", ge=1, le=8)
    bicycle_kmh: float = param(13, 11, 15, "km/h", "B", "planning value; Kunming 2019", ge=5, le=30)
    ebike_kmh: float = param(17, 15, 20, "km/h", "B", "Kunming 2019; legal cap 25 km/h", ge=5, le=25)
    cycle_path_gain: float = param(
        0.15,
        0.05,
        0.3,
        "share",
        "assumed",
        "of riding time spared on a separate cycle path: crossings, detours",
        le=1,
    )
    bus_kmh: float = param(17, 14, 20, "km/h", "B", "planning value incl. stops", ge=5, le=60)
    shuttle_kmh: float = param(22, 18, 26, "km/h", "assumed", "bus without intermediate stops", ge=5, le=60)
    car_kmh: float = param(24, 20, 28, "km/h", "B", "Hangzhou peak speed", ge=5, le=80)
    bus_access_min: float = param(6, 4, 8, "min", "assumed", "walk to a stop at home, about 450 m")
    car_access_min: float = param(3, 2, 5, "min", "assumed", "from door to parked car at home")
    ebike_access_min: float = param(2, 1, 3, "min", "assumed", "unlocking and parking at both ends")
    parking_search_min: float = param(
        4,
        2,
        8,
        "min",
        "assumed",
        "finding a place at the building and walking from it, where no car park is drawn",
    )
    parking_empty_min: float = param(1.5, 1.0, 2.5, "min", "assumed", "finding a place in an empty car park")
    parking_full_factor: float = param(
        4, 2, 8, "factor", "assumed", "what the last place takes longer to find than the first"
    )
    parking_power: float = param(
        8, 6, 10, "–", "assumed", "how suddenly search grows as a car park fills", ge=1, le=12
    )
    parking_reach_min: float = param(
        12, 8, 15, "min", "assumed", "longest walk from a car park that is considered", ge=1
    )
    station_feeder_kmh: float = param(
        9,
        6,
        12,
        "km/h",
        "assumed",
        "to a station beyond walking distance by shared bicycle or feeder bus",
        ge=3,
        le=25,
    )
    station_feeder_wait_min: float = param(
        2, 1, 4, "min", "assumed", "finding and parking the bicycle, or waiting for the bus"
    )
    stairs_min_per_floor: float = param(
        0.35, 0.25, 0.45, "min/floor", "assumed", "a storey of 4 m climbed at 0.19 m/s"
    )
    lift_min_per_floor: float = param(0.08, 0.05, 0.12, "min/floor", "assumed", "about 0.8 m/s incl. stops")
    lift_interval_min: float = param(
        0.6, 0.4, 1.0, "min", "assumed", "between lifts that leave the hall; CIBSE Guide D: 0.5 is good"
    )
    lift_design_share: float = param(
        0.12,
        0.11,
        0.15,
        "share/5 min",
        "B",
        "CIBSE Guide D: lifts of offices carry 11-15 % of the design head-count in 5 min",
        ge=0.01,
        le=1,
    )
    lift_design_m2: float = param(
        22, 15, 30, "m2", "assumed", "floor a person for which lifts were dimensioned", ge=3
    )
    lift_peak_share: float = param(
        0.12, 0.08, 0.16, "share/5 min", "assumed", "of a building's staff in the busiest 5 min", le=1
    )
    lift_peak_min: float = param(15, 10, 25, "min", "assumed", "how long arrivals keep that pace")
    time_weight: float = param(
        -0.07,
        -0.09,
        -0.05,
        "1/min",
        "assumed",
        "logit coefficient of minutes; value usual in mode-choice studies",
        le=0,
    )
    cost_weight: float = param(-0.06, -0.10, -0.03, "1/CNY", "assumed", "value of time about 70 CNY/h", le=0)
    asc_walk: float = param(0.5, 0.0, 1.0, "utility", "assumed", "mode constant")
    asc_bicycle: float = param(-1.2, -2.0, -0.5, "utility", "assumed", "mode constant")
    asc_ebike: float = param(0.0, -0.5, 0.5, "utility", "assumed", "mode constant")
    asc_bus: float = param(-0.6, -1.2, 0.0, "utility", "assumed", "mode constant")
    asc_metro: float = param(0.3, -0.3, 0.8, "utility", "assumed", "mode constant")
    asc_shuttle: float = param(0.0, -0.5, 0.5, "utility", "assumed", "mode constant")
    asc_car: float = param(0.6, 0.0, 1.2, "utility", "assumed", "mode constant")
    ebike_range_km: float = param(12, 10, 15, "km", "assumed", "longest e-bike commute that is considered")
    bicycle_range_km: float = param(7, 5, 9, "km", "assumed", "longest bicycle commute that is considered")
    walk_range_km: float = param(3, 2, 4, "km", "assumed", "longest walk to work that is considered")
    monthly_part: float = param(
        0.10,
        0.0,
        0.3,
        "share",
        "assumed",
        "person-months in which the month's own errors replace the lasting ones",
        le=1,
    )
    car_cost_km: float = param(0.8, 0.6, 1.0, "CNY/km", "assumed", "fuel and wear")
    parking_price: float = param(10, 0, 20, "CNY/day", "assumed", "price of a place in the park")
    bus_fare: float = param(2, 2, 2, "CNY", "A", "Hangzhou bus tariff")
    metro_fare: float = param(4, 3, 6, "CNY", "assumed", "Hangzhou metro tariff at about 12 km")
    peak_hour_share: float = param(
        0.55, 0.45, 0.65, "share", "assumed", "of car arrivals in the peak hour", le=1
    )
    car_occupancy: float = param(1.15, 1.05, 1.3, "persons/car", "assumed", "commuting cars", ge=1)
    entrance_min: float = param(
        2.0, 1.0, 3.0, "min", "assumed", "driving minutes on the last approach and entrance"
    )
    main_road_kmh: float = param(
        35, 28, 42, "km/h", "assumed", "main roads of the map without traffic", ge=5, le=120
    )
    park_road_kmh: float = param(
        20, 15, 25, "km/h", "assumed", "park roads of the map without traffic", ge=5, le=60
    )
    driveway_kmh: float = param(12, 8, 15, "km/h", "assumed", "from the road through the yard", ge=3, le=30)
    main_road_capacity: float = param(
        1500, 1000, 1800, "vehicles/h", "assumed", "a direction: two lanes behind signals", ge=50
    )
    park_road_capacity: float = param(
        600, 400, 800, "vehicles/h", "assumed", "a direction: one lane with crossings", ge=50
    )
    bpr_b: float = param(0.15, 0.15, 0.15, "–", "A", "BPR 1964")
    bpr_power: float = param(4, 4, 4, "–", "A", "BPR 1964", le=12)
    school_run_min: float = param(
        8,
        4,
        12,
        "min",
        "assumed",
        "detour by a kindergarten or school near home, for the parent who takes the child",
    )
    drop_off_min: float = param(3, 2, 5, "min", "assumed", "handing a child over")


class HomeParameters(Frozen):
    """Where people live and when they move."""

    deterrence_free: float = param(
        -0.08,
        -0.10,
        -0.07,
        "1/min",
        "B",
        "Ahlfeldt et al. 2015 (Berlin) -0.07 (0.05-0.10); free households 0.07-0.12",
        le=0,
    )
    deterrence_tied: float = param(
        -0.025, -0.04, -0.01, "1/min", "assumed", "owners and couples with a partner's job elsewhere", le=0
    )
    distance_spread: float = param(0.35, 0.2, 0.5, "log s.d.", "assumed", "spread of distance inside a zone")
    tenant_moves_year: float = param(0.40, 0.30, 0.45, "1/year", "C", "press, tenants moving home", le=3)
    owner_moves_year: float = param(0.03, 0.02, 0.05, "1/year", "assumed", "owners move much less", le=3)
    move_per_10min: float = param(
        1.05, 1.0, 1.15, "factor", "assumed", "rate of moving home per 10 commute minutes", ge=0.5
    )
    form_couple_year: float = param(
        0.07, 0.04, 0.10, "1/year", "assumed", "singles under 40 who form a couple"
    )
    first_child_year: float = param(
        0.12, 0.08, 0.16, "1/year", "assumed", "couples under 40 who have a child"
    )
    child_grows_year: float = param(0.33, 0.33, 0.33, "1/year", "A", "three years of kindergarten", le=1)
    child_leaves_year: float = param(0.11, 0.11, 0.11, "1/year", "A", "nine years of compulsory school", le=1)
    buy_home_year: float = param(0.05, 0.03, 0.08, "1/year", "assumed", "tenant couples and parents who buy")
    flat_weight: float = param(
        0.05,
        0.02,
        0.10,
        "share",
        "assumed",
        "how often somebody on the move considers the park's flats, as weight of a zone",
        ge=1e-6,
    )
    rent_weight: float = param(
        -0.3, -0.6, -0.1, "1/1000 CNY", "assumed", "disutility of rent above the city's usual", le=0
    )


class ServiceParameters(Frozen):
    """Choosing among places and queueing there."""

    walk_weight: float = param(-0.25, -0.4, -0.15, "1/min", "assumed", "disutility of a walking minute", le=0)
    wait_weight: float = param(-0.25, -0.4, -0.15, "1/min", "assumed", "disutility of a waiting minute", le=0)
    price_weight: float = param(-0.04, -0.08, -0.02, "1/CNY", "assumed", "disutility of price", le=0)
    forgo: float = param(
        -5.0,
        -6.0,
        -4.0,
        "utility",
        "assumed",
        "utility of going without an everyday visit, about 20 minutes' walk",
    )
    reach_min: float = param(30, 25, 40, "min", "assumed", "longest walk that is considered", ge=1)
    days_per_month: float = param(21.75, 21.75, 21.75, "days", "A", "Chinese statutory working days a month")
    night_share: float = param(
        1 / 3,
        1 / 3,
        1 / 3,
        "share",
        "assumed",
        "of the weeks of those in rotating shifts: three shifts",
        le=1,
    )


class StayingParameters(Frozen):
    """Quitting: a monthly hazard of factors, centred on the plain park at month 0."""

    quit_monthly: float = param(
        0.014,
        0.0125,
        0.0165,
        "1/month",
        "assumed",
        "mean of the plain park at month 0; Chinese HR surveys 14.8-18.8 % a year",
        le=1,
    )
    tenure_0_6: float = param(1.6, 1.3, 2.0, "factor", "assumed", "shape after US data")
    tenure_7_12: float = param(1.3, 1.1, 1.6, "factor", "assumed", "shape after US data")
    tenure_13_36: float = param(1.0, 1.0, 1.0, "factor", "assumed", "reference")
    tenure_37: float = param(0.6, 0.4, 0.8, "factor", "assumed", "shape after US data")
    age_under_25: float = param(1.5, 1.2, 1.8, "factor", "assumed", "younger cohorts leave sooner")
    age_25_34: float = param(1.1, 1.0, 1.2, "factor", "assumed", "younger cohorts leave sooner")
    age_35_44: float = param(0.8, 0.7, 0.9, "factor", "assumed", "younger cohorts leave sooner")
    age_45: float = param(0.6, 0.5, 0.7, "factor", "assumed", "younger cohorts leave sooner")
    commute_per_10min: float = param(1.05, 1.00, 1.10, "factor", "A", "UK official statistics", ge=0.5)
    services: float = param(
        0.0,
        -0.10,
        0.0,
        "share",
        "C",
        "change of the hazard when all visits are served instead of none; a large wellness "
        "trial found nil, vendors claim more",
        ge=-1,
        le=1,
    )
    tie: float = param(
        1.00, 0.95, 1.00, "factor/tie", "C", "coworking studies: sign known, size not", ge=0.5, le=1.5
    )
    ties_counted: float = param(5, 5, 5, "ties", "assumed", "at most five count")
    park_home: float = param(1.0, 0.8, 1.0, "factor", "assumed", "living in a flat of the park", ge=0.1)
    firm_shrinking: float = param(
        1.2, 1.0, 1.5, "factor", "assumed", "employer cut posts in the last 12 months"
    )
    hybrid_trial: float = param(
        1.0,
        1.0,
        1.0,
        "factor",
        "A",
        "two days at home beyond the trips not made; the Trip.com trial's 0.67 is an option",
        ge=0.3,
        le=1.2,
    )
    offers_in_park: float = param(
        0.10, 0.05, 0.20, "share", "assumed", "of outside offers that come from the park", le=1
    )
    retirement_age: float = param(
        60, 60, 60, "years", "A", "Chinese statutory age for men until 2024", ge=50, le=75
    )
    left_city_share: float = param(0.15, 0.05, 0.25, "share", "assumed", "of quits that leave the city", le=1)
    wage_share: float = param(
        0.5, 0.3, 0.7, "share", "assumed", "of the reference hazard that is better offers", le=1
    )


class HiringParameters(Frozen):
    """Filling vacancies."""

    search_days: float = param(32, 25, 40, "days", "B", "HR surveys", ge=1)
    search_days_tech: float = param(45, 20, 60, "days", "B", "HR surveys, technology", ge=1)
    fair_boost: float = param(0.10, 0.0, 0.25, "share", "assumed", "faster search in a month with a job fair")
    large_fair_boost: float = param(
        0.20, 0.0, 0.5, "share", "assumed", "faster search in a month with a large fair"
    )
    college_boost: float = param(
        0.03, 0.0, 0.08, "share", "assumed", "faster search for each college in the park"
    )
    seek_in_park: float = param(
        0.12,
        0.05,
        0.25,
        "1/month",
        "assumed",
        "chance that a leaver who stayed in the city applies for a post in the park",
        le=1,
    )
    seek_on_job: float = param(
        0.15,
        0.05,
        0.30,
        "share",
        "assumed",
        "of those who quit for the employer's sake or for no named reason, who try the park's vacancies first",
        le=1,
    )
    seek_months: float = param(
        6, 3, 12, "months", "assumed", "how long a leaver goes on applying", ge=1, le=60
    )
    market_segments: float = param(
        16,
        16,
        16,
        "segments",
        "assumed",
        "hashed parts of the labour market that meet in a month",
        ge=1,
        le=4096,
    )


class EnterpriseParameters(Frozen):
    """The life of firms."""

    exit_year_1: float = param(0.016, 0.01, 0.02, "1/year", "B", "Chinese registration data", ge=0, le=1)
    exit_year_2: float = param(0.063, 0.05, 0.08, "1/year", "B", "Chinese registration data", ge=0, le=1)
    exit_year_3: float = param(0.095, 0.08, 0.11, "1/year", "B", "Chinese registration data", ge=0, le=1)
    exit_year_4_7: float = param(0.08, 0.07, 0.09, "1/year", "B", "Chinese registration data", ge=0, le=1)
    exit_year_8: float = param(0.06, 0.05, 0.07, "1/year", "B", "Chinese registration data", ge=0, le=1)
    exit_size_exponent: float = param(
        -0.25, -0.4, -0.1, "–", "assumed", "exit hazard falls with size; mean over the first firms is 1", le=0
    )
    runway_mean: float = param(
        12, 8, 18, "months", "assumed", "cash of a firm at rest, in months of its spending"
    )
    runway_spread: float = param(5, 3, 7, "months", "assumed", "standard deviation of the same over firms")
    runway_persistence: float = param(
        0.95,
        0.90,
        0.98,
        "1/month",
        "assumed",
        "part of a departure from the mean that is left a month later",
        le=0.999,
    )
    runway_weight: float = param(
        1.0,
        0.0,
        2.0,
        "1/year",
        "assumed",
        "exit hazard * exp(-weight) for a year more of cash; mean over firms at rest is 1",
    )
    cost_worker: float = param(
        2.0, 1.5, 2.5, "10^4 CNY/month", "assumed", "what a firm spends for each worker", ge=0.1
    )
    delay_cost: float = param(
        0.01,
        0.0,
        0.02,
        "months/day",
        "assumed",
        "cash lost for a day that procedures keep a firm waiting: a third of its work stands",
    )
    relocation_share: float = param(
        0.25, 0.1, 0.4, "share", "assumed", "of exits that move out instead of closing", le=1
    )
    growth_scale: float = param(
        0.15, 0.10, 0.20, "1/year", "assumed", "Laplace scale of yearly log growth", le=0.7
    )
    growth_size_exponent: float = param(
        -0.15,
        -0.20,
        -0.10,
        "–",
        "B",
        "the scale falls with size, relative to 40 workers; Stanley et al. 1996 (Nature 379:804)",
        le=0,
    )
    growth_mean: float = param(0.0, -0.02, 0.03, "1/year", "assumed", "mean yearly growth of head-count")
    entry_year: float = param(
        0.072,
        0.055,
        0.09,
        "1/year",
        "assumed",
        "candidate entrants per first firm; calibrated: as many firms come as go in the plain park",
        le=2,
    )
    entrant_size: float = param(
        25,
        18,
        32,
        "workers",
        "assumed",
        "mean size of an entrant; calibrated: posts of the plain park neither grow nor shrink",
        ge=1,
    )
    entry_rent_elasticity: float = param(-0.5, -1.0, 0.0, "–", "assumed", "entry by rent over base", le=0)
    neighbour_pull: float = param(
        1.0,
        0.0,
        2.0,
        "–",
        "assumed",
        "log entry by the own sector's share of the firms around, beyond its usual share",
    )
    partner_pull: float = param(
        0.5,
        0.0,
        1.0,
        "–",
        "assumed",
        "the same by the share of partner sectors; that firms settle near suppliers and customers: Ellison, Glaeser & "
        "Kerr 2010 (Am. Econ. Rev. 100:1195)",
    )
    neighbour_reach_min: float = param(5, 3, 8, "min", "assumed", "walk within which firms are neighbours")
    rent_elasticity: float = param(
        1.5,
        0.5,
        3.0,
        "–",
        "assumed",
        "fall of the log rent of a new lease by the block's vacancy share beyond the usual",
    )
    spinoff_year: float = param(
        0.01, 0.002, 0.03, "1/year", "assumed", "spin-offs of a technology firm of some size", le=1
    )
    spinoff_parent_size: float = param(20, 10, 40, "workers", "assumed", "smallest parent of a spin-off")
    spinoff_size: float = param(8, 4, 15, "workers", "assumed", "mean size of a spin-off", ge=1)
    spinoff_spillover: float = param(
        0.0,
        0.0,
        0.3,
        "–",
        "assumed",
        "elasticity of spin-offs to workers of other firms around; no evidence: nil",
        le=1,
    )
    m2_per_worker: float = param(25, 18, 35, "m2", "assumed", "floor a worker", ge=3)
    output_worker: float = param(90, 60, 120, "10^4 CNY/year", "assumed", "output a worker")
    tax_worker: float = param(9, 8, 10.2, "10^4 CNY/year", "B", "Information Port 8.0 (2017), 10.2 (2020)")
    density_elasticity: float = param(0.07, 0.03, 0.09, "–", "A", "literature on productivity and density")
    spillover_decay: float = param(
        -0.36, -0.5, -0.25, "1/min", "B", "Ahlfeldt et al. 2015; nil after about 10 min", le=0
    )
    spillover_reach_min: float = param(10, 8, 12, "min", "B", "Ahlfeldt et al. 2015")


class RenewalParameters(Frozen):
    """Blocks that are vacated, rebuilt and reopened, and the firms that have to leave them."""

    vacate_months: float = param(
        4, 2, 8, "months", "assumed", "from the notice to the last firm's leaving, of 24 in all", ge=1, le=60
    )
    build_months: float = param(
        20, 14, 30, "months", "assumed", "of 24 (18-36) in all: Guali, Hangzhou", ge=1, le=120
    )
    cost_m2: float = param(
        8300, 6000, 11000, "CNY/m2", "B", "all in, a square metre built: Guali, Hangzhou; range is ours"
    )
    government_share_leading: float = param(
        0.4, 0.2, 0.6, "share", "assumed", "of the cost on path 2; the leading firm pays the rest", le=1
    )
    government_share_in_place: float = param(
        0.2, 0.0, 0.4, "share", "assumed", "of the cost on path 3; the operator pays the rest", le=1
    )
    rent_elasticity: float = param(
        -1.0,
        -2.0,
        0.0,
        "–",
        "assumed",
        "odds that a displaced firm takes floor at r times its rent: r to this power, at most 1",
        le=0,
    )
    return_share: float = param(
        0.5, 0.2, 0.8, "share", "assumed", "of displaced firms that come back if the rent is as it was", le=1
    )
    move_cost_worker: float = param(
        5000, 2000, 10000, "CNY/worker", "assumed", "removal and fitting-out that the firm bears itself"
    )


class LadderParameters(Frozen):
    """Climbing from micro firm to single champion: ranked once a year under quotas."""

    start_innovative: float = param(0.20, 0.15, 0.25, "share", "assumed", "first firms on this tier", le=1)
    start_srdi: float = param(0.08, 0.05, 0.10, "share", "assumed", "first firms on this tier", le=1)
    start_little_giant: float = param(0.02, 0.01, 0.03, "share", "assumed", "first firms on this tier", le=1)
    start_champion: float = param(0.004, 0.002, 0.006, "share", "assumed", "first firms on this tier", le=1)
    high_tech_share: float = param(
        0.19, 0.15, 0.22, "share", "B", "94 of 500 firms of IoT Town; technology sectors only", le=1
    )
    listed_share: float = param(
        0.011, 0.008, 0.015, "share", "B", "15 of 1,350 firms of IoT Street, the largest", le=1
    )
    research_tech: float = param(0.10, 0.08, 0.12, "share of revenue", "B", "IoT Town: about 10 %", le=0.6)
    research_other: float = param(
        0.02, 0.01, 0.03, "share of revenue", "assumed", "outside technology sectors", le=0.6
    )
    step_innovative: float = param(
        0.10, 0.10, 0.25, "1/year", "C", "ladder steps 10-25 %; micro to innovative", le=1
    )
    step_srdi: float = param(
        0.10, 0.10, 0.25, "1/year", "C", "ladder steps 10-25 %; innovative to SRDI", le=1
    )
    step_little_giant: float = param(
        0.025, 0.025, 0.087, "1/year", "B", "national counts; SRDI to little giant", le=1
    )
    step_champion: float = param(0.02, 0.01, 0.04, "1/year", "assumed", "little giant to champion", le=1)
    little_giant_lost: float = param(
        0.10, 0.06, 0.17, "1/year", "B", "derived: little giants lost at review", le=1
    )
    quota_innovative: float = param(
        80, 60, 120, "1/1000 firms/year", "assumed", "most promotions of the park a year"
    )
    quota_srdi: float = param(
        25, 15, 40, "1/1000 firms/year", "assumed", "most promotions of the park a year"
    )
    quota_little_giant: float = param(
        2, 1, 6, "1/1000 firms/year", "assumed", "most promotions of the park a year"
    )
    quota_champion: float = param(
        0.5, 0.2, 1, "1/1000 firms/year", "assumed", "most promotions of the park a year"
    )
    listing_start: float = param(
        1.1,
        0.5,
        2.0,
        "1/1000 firms/year",
        "assumed",
        "firms that set out for the stock exchange; 15 of IoT Street's 1,350 firms were listed after ten years",
        le=1000,
    )
    score_size: float = param(0.5, 0.3, 0.8, "1/log", "assumed", "weight of the log of size in the ranking")
    score_growth: float = param(
        2.0, 1.0, 3.0, "1/log", "assumed", "weight of last year's log growth in the ranking"
    )
    score_research: float = param(
        5.0, 2.0, 8.0, "1/share", "assumed", "weight of the share of research in the ranking"
    )
    score_spillover: float = param(
        0.07,
        0.0,
        0.09,
        "1/log",
        "assumed",
        "weight of the workers of other firms around, as productivity by density",
    )
    score_noise: float = param(1.0, 0.5, 1.5, "–", "assumed", "what nobody sees in a ranking")


class CommunityParameters(Frozen):
    """Ties, requests, trust."""

    tie_decay: float = param(0.03, 0.02, 0.05, "1/month", "assumed", "share of ties that lapse", le=1)
    request_per_unserved: float = param(
        0.02, 0.005, 0.05, "requests/visit", "assumed", "unserved visits that become a request", le=1
    )
    request_per_long_walk: float = param(
        0.005,
        0.0,
        0.02,
        "requests/visit",
        "assumed",
        "visits to a category whose nearest place lies beyond its circle's minutes that become a request",
        le=1,
    )
    trust_answered: float = param(0.05, 0.02, 0.10, "trust", "assumed", "gain of trust by an answer", le=1)
    trust_unanswered: float = param(0.03, 0.01, 0.06, "trust", "assumed", "loss of trust without one", le=1)
    trust_start: float = param(0.5, 0.4, 0.6, "trust", "assumed", "trust at hire, 0 to 1", le=1)
    joint_project: float = param(
        0.01,
        0.0,
        0.03,
        "projects/tie/year",
        "assumed",
        "joint projects of two firms for each tie between their people",
        le=1,
    )
    partner_project: float = param(
        0.5,
        0.0,
        1.0,
        "share",
        "assumed",
        "more joint projects for a tie between partner sectors at no distance; falls with the walk as spillover does",
    )
    floor_tie: float = param(
        0.01, 0.0, 0.03, "ties/month", "assumed", "acquaintances made with other firms on the own floor", le=1
    )
    event_tie: float = param(0.15, 0.05, 0.3, "ties", "assumed", "ties made by taking part in an event", le=1)
    committee_tie: float = param(
        0.8, 0.4, 1.0, "ties", "assumed", "ties that a member of the committee makes at a meeting", le=2
    )


class DigitalParameters(Frozen):
    """Digital level of firms: how it grows, how methods of linked towns are taken up, what it is worth."""

    research: float = param(
        0.3,
        0.0,
        0.6,
        "1/year",
        "assumed",
        "part of what a firm lacks to 1 that it closes in a year, times its share of research and development",
        le=3,
    )
    neighbours: float = param(
        0.05,
        0.0,
        0.15,
        "1/year",
        "assumed",
        "part of the distance to the workers around (weighed by the walk) that a firm closes in a year",
        le=2,
    )
    take_up: float = param(
        2.0,
        0.5,
        4.0,
        "methods/year",
        "assumed",
        "methods of the hub that a firm takes up at full openness, full absorption and the best distance",
    )
    best_distance: float = param(
        0.25,
        0.15,
        0.4,
        "level",
        "assumed",
        "distance to the frontier at which most is taken up; shape: Verspagen 1991 (Struct. Change Econ. Dyn. 2:359), "
        "less when little is left to learn and less when the step is too large",
        ge=0.02,
    )
    absorption_half: float = param(
        0.05,
        0.02,
        0.10,
        "share of revenue",
        "assumed",
        "research and development at which a firm absorbs half; that it must have some: Cohen & Levinthal 1990 "
        "(Adm. Sci. Q. 35:128)",
        ge=0.001,
    )
    method_step: float = param(
        0.05,
        0.02,
        0.10,
        "share",
        "assumed",
        "of its distance to the frontier that a firm closes by one method",
        le=1,
    )
    sharing: float = param(
        0.25,
        0.10,
        0.50,
        "share",
        "assumed",
        "the best firms of a town, whose mean is what its hub offers",
        ge=0.01,
        le=1,
    )
    output: float = param(
        0.0,
        0.0,
        0.2,
        "1/level",
        "assumed",
        "log output and tax a worker for a full step of the digital level; studies of firms find a positive sign and "
        "no agreed size: nil",
        le=2,
    )
    cash_share: float = param(
        0.10, 0.05, 0.20, "share", "assumed", "of the additional output that a firm keeps as cash", le=1
    )


class GovernanceParameters(Frozen):
    """Requests that wait, who is elected, and what a council does with its budget."""

    lapse_months: float = param(
        12, 6, 24, "months", "assumed", "after which an unanswered request is forgotten", ge=1
    )
    turnout: float = param(
        0.3, 0.1, 0.6, "share", "assumed", "who votes, at middling trust and without having taken part", le=1
    )
    engaged: float = param(
        2.0, 1.0, 4.0, "ratio", "assumed", "standing and voting of those who took part in the last year", ge=0
    )
    candidates_a_seat: float = param(3, 2, 5, "persons/seat", "assumed", "candidates on the ballot", ge=1)
    vote_near: float = param(1.0, 0.0, 2.0, "utility", "assumed", "a candidate of the own block")
    vote_known: float = param(1.5, 0.0, 3.0, "utility", "assumed", "a candidate one knows")
    vote_engaged: float = param(
        0.5, 0.0, 1.0, "utility", "assumed", "a candidate who took part in the last year"
    )
    constituency: float = param(
        0.5,
        0.0,
        1.0,
        "share",
        "assumed",
        "how far members speak for their own block rather than for all",
        le=1,
    )
    least_requests: float = param(
        5, 2, 20, "requests", "assumed", "fewest requests for which the council sets something up", ge=0
    )
    place_years: float = param(
        10, 5, 20, "years", "assumed", "over which the council writes off what it builds", ge=1
    )


class EconomicsParameters(Frozen):
    """What is paid and what comes back, and how land is graded: nobody in the model decides by it."""

    pay_month: float = param(
        15_000, 10_000, 20_000, "CNY/month", "assumed", "pay and contributions of an employee of the park"
    )
    replacement_months: float = param(
        3.0,
        1.5,
        6.0,
        "months of pay",
        "assumed",
        "finding, hiring and training a successor; Boushey & Glynn 2012 (US cases): a fifth of a year's pay, "
        "vendors claim more",
    )
    lifetime_years: float = param(
        10, 5, 20, "years", "assumed", "over which what is built is written off", ge=1, le=100
    )
    tax_local_share: float = param(
        0.4,
        0.25,
        0.5,
        "share",
        "assumed",
        "of a worker's tax that stays with the city and district: half of VAT and two fifths of income taxes are "
        "local, and the province takes a part",
        le=1,
    )
    small_firm_posts: float = param(
        20,
        10,
        50,
        "posts",
        "assumed",
        "largest small firm; by the official sizes of 2011 micro ends at 10 (software) or 20 workers (industry)",
    )
    output_spread: float = param(
        0.5,
        0.3,
        0.8,
        "log",
        "assumed",
        "spread of what a worker yields over firms of one sector; for grades only",
    )
    grade_a_output: float = param(
        400, 250, 700, "10^4 CNY/mu/year", "assumed", "least output of grade A; districts set their own"
    )
    grade_b_output: float = param(
        200, 120, 350, "10^4 CNY/mu/year", "assumed", "least output of grade B; districts set their own"
    )
    grade_c_output: float = param(
        80, 40, 120, "10^4 CNY/mu/year", "assumed", "least output of grade C; districts set their own"
    )
    grade_a_tax: float = param(
        40, 25, 60, "10^4 CNY/mu/year", "assumed", "least tax of grade A; districts set their own"
    )
    grade_b_tax: float = param(
        20, 12, 25, "10^4 CNY/mu/year", "assumed", "least tax of grade B; districts set their own"
    )
    grade_c_tax: float = param(
        8, 4, 12, "10^4 CNY/mu/year", "assumed", "least tax of grade C; districts set their own"
    )


class ShockParameters(Frozen):
    """Shocks, and what it takes until they are over."""

    procedures: float = param(
        5,
        2,
        10,
        "times",
        "assumed",
        "a month's usual procedures (support.delay_days) in one reopening or relief",
    )
    nobody_days: float = param(60, 30, 120, "days", "assumed", "until an answer where there is nobody to ask")
    relief_share: float = param(
        0.2,
        0.0,
        0.4,
        "share",
        "assumed",
        "of firms' uncovered losses that public relief replaces, once there",
        le=1,
    )
    costs_saved: float = param(
        0.4, 0.2, 0.6, "share", "assumed", "of lost income that a firm spares in costs at once", le=1
    )
    posts_by_orders: float = param(
        0.4, 0.2, 0.8, "elasticity", "assumed", "of posts at an anniversary, by orders against a year before"
    )
    property_rounds_days: float = param(
        30, 14, 60, "days", "assumed", "between rounds of property management through a building", ge=1
    )
    officer_rounds_days: float = param(
        7,
        3,
        14,
        "days",
        "assumed",
        "a building officer's rounds; a grid officer needs as many a building",
        ge=1,
    )
    found_on_round: float = param(
        0.5, 0.3, 0.8, "share", "assumed", "of hazards that a round finds", ge=0.01, le=0.99
    )
    accident_days: float = param(
        300, 100, 900, "days", "assumed", "mean time until a hazard nobody found becomes an accident", ge=1
    )
    accident_closed_days: float = param(
        15, 5, 30, "days", "assumed", "that an accident closes a building, before it is cleared"
    )


class Parameters(Frozen):
    """All coefficients; override any under ``parameters:`` in a scenario."""

    travel: TravelParameters = TravelParameters()
    home: HomeParameters = HomeParameters()
    services: ServiceParameters = ServiceParameters()
    staying: StayingParameters = StayingParameters()
    hiring: HiringParameters = HiringParameters()
    enterprises: EnterpriseParameters = EnterpriseParameters()
    renewal: RenewalParameters = RenewalParameters()
    ladder: LadderParameters = LadderParameters()
    community: CommunityParameters = CommunityParameters()
    digital: DigitalParameters = DigitalParameters()
    governance: GovernanceParameters = GovernanceParameters()
    economics: EconomicsParameters = EconomicsParameters()
    shocks: ShockParameters = ShockParameters()


def table() -> list[dict[str, Any]]:
    """Every parameter as one row: ``path, default, low, high, unit, grade, source``."""
    rows: list[dict[str, Any]] = []
    for section, info in Parameters.model_fields.items():
        for name, spec in type(info.default).model_fields.items():
            rows.append(
                {"path": f"parameters.{section}.{name}", "default": spec.default, **spec.json_schema_extra}
            )
    return rows
