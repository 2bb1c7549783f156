"""Staying: who quits and why, who moves home, how households change, and growing older.

The monthly hazard of quitting is the reference hazard times factors for tenure, age, commute, services really
obtained, ties, home, wage relative to offers and the employer's state, scaled so that the plain park's mean at
month 0 is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from parksim import cores, homes
from parksim.people import KINDERGARTEN, SCHOOL, needs_of
from parksim.population import HOUSEHOLDS

if TYPE_CHECKING:
    from parksim.chance import Floats
    from parksim.model import ParkModel
    from parksim.scenario.parameters import StayingParameters

CAUSES = (
    "commute",
    "services",
    "wage",
    "employer",
    "other",
    "left_city",
    "retired",
    "firm_closed",
    "firm_moved",
    "laid_off",
    "displaced",
)
(
    COMMUTE,
    SERVICES,
    WAGE,
    EMPLOYER,
    OTHER,
    LEFT_CITY,
    RETIRED,
    FIRM_CLOSED,
    FIRM_MOVED,
    LAID_OFF,
    DISPLACED,
) = range(len(CAUSES))
QUIT_CAUSES = (COMMUTE, SERVICES, WAGE, EMPLOYER, OTHER, LEFT_CITY)
GONE = (LEFT_CITY, RETIRED)
"""Causes after which nobody comes back to a post of the park."""

SINGLE, COUPLE = HOUSEHOLDS.index("single"), HOUSEHOLDS.index("couple")
_YOUNG = 40
_MOST_CERTAIN = 0.95  # largest monthly odds of quitting
_ROUNDING = 1 + 1e-9  # so that a bound stays one however its product is rounded


@dataclass
class Centre:
    """The reference of the hazard: means of the plain park at month 0.

    Attributes
    ----------
    scale : float
        Reference hazard divided by the mean of the factors.
    commute_min, served, vacancy_rate : float
        Mean door-to-desk time, mean share of visits served, open posts / posts.
    """

    scale: float
    commute_min: float
    served: float
    vacancy_rate: float


def play(model: ParkModel) -> None:
    """Let people retire, quit, change household, move home and age."""
    for step in STEPS:
        step(model)


def refer(model: ParkModel) -> None:
    """Take the people here now for the reference, as long as they grow up in the plain park."""
    if model.in_burn_in or model.centre is None:
        model.centre = centre(model)


def factors(model: ParkModel, rows: npt.NDArray[np.intp], middle: Centre) -> dict[str, Floats]:
    """Every term of the hazard for the holders of these posts, 1 where it changes nothing."""
    posts, firms, p = model.posts, model.firms, model.spec.parameters.staying
    tenure = model.month - posts.since[rows]
    counted = np.minimum(posts.ties[rows], p.ties_counted)
    there = model.usual_presence(rows)
    shrank = model.month - firms.shrank[posts.firm[rows]] <= 12
    return {
        "tenure": tenure_factor(p, tenure),
        "age": age_factor(p, posts.age[rows]),
        "commute": p.commute_per_10min ** ((_minutes(model, rows) - middle.commute_min) / 10),
        "services": np.maximum(1 + p.services * (posts.served[rows].astype(np.float64) - middle.served), 0.0),
        "ties": p.tie**counted,
        "home": np.where(posts.flat[rows] >= 0, p.park_home, 1.0),
        "wage": wage_factor(p, posts.premium[rows].astype(np.float64), offers(model, middle)),
        "employer": np.where(shrank, p.firm_shrinking, 1.0),
        "hybrid": np.ones(rows.size) if there is None else np.where(there < 1, p.hybrid_trial, 1.0),
    }


def _minutes(model: ParkModel, rows: npt.NDArray[np.intp]) -> Floats:
    """Door-to-desk minutes as they weigh on people: only the trips that are made."""
    minutes, there = model.posts.commute_min[rows].astype(np.float64), model.usual_presence(rows)
    return minutes if there is None else minutes * there


def tenure_factor(p: StayingParameters, months: npt.NDArray[np.integer]) -> Floats:
    """Factor of the hazard by months with the employer."""
    bands = np.repeat([p.tenure_0_6, p.tenure_7_12, p.tenure_13_36, p.tenure_37], [6, 6, 24, 1])
    return np.asarray(bands[np.clip(months, 0, 36)])


def age_factor(p: StayingParameters, age: npt.NDArray[np.floating]) -> Floats:
    """Factor of the hazard by age in years."""
    bands = np.repeat([p.age_under_25, p.age_25_34, p.age_35_44, p.age_45], [25, 10, 10, 1])
    return np.asarray(bands[np.clip(age, 0, 45).astype(np.intp)])


def offers(model: ParkModel, middle: Centre) -> float:
    """Offers that reach an employee, relative to the plain park at month 0.

    Most come from outside and stay as they are; those from the park follow its vacancies.
    """
    return 1 - model.spec.parameters.staying.offers_in_park + offers_inside(model, middle)


def offers_inside(model: ParkModel, middle: Centre) -> float:
    """Offers of the park's own vacancies, relative to all offers in the plain park at month 0."""
    share = model.spec.parameters.staying.offers_in_park
    return share * vacancy_rate(model) / middle.vacancy_rate if middle.vacancy_rate > 0 else share


def vacancy_rate(model: ParkModel) -> float:
    """Open posts / posts."""
    posts = int(np.count_nonzero(model.posts.firm >= 0))
    return 1 - len(model.employees) / posts if posts else 0.0


def wage_factor(p: StayingParameters, premium: Floats, arriving: float) -> Floats:
    """Factor of the hazard by wage: an offer is taken when it pays better than one's own post.

    A share ``wage_share`` of the reference hazard is better offers. Offers are drawn from the wages of like
    people; the chance that one beats a premium of z standard deviations is the normal tail beyond z, twice
    which is 1 on average.
    """
    from scipy.special import ndtr  # noqa: PLC0415  (scipy is slow to import)

    return np.asarray(1 - p.wage_share + p.wage_share * arriving * 2 * ndtr(-premium))


def product(terms: dict[str, Floats]) -> Floats:
    """Multiply the terms of the hazard."""
    total = np.ones_like(terms["tenure"])
    for term in terms.values():
        total = total * term
    return total


def centre(model: ParkModel) -> Centre:
    """Find the scale at which the mean hazard of the people here now is the reference hazard."""
    posts, p = model.posts, model.spec.parameters.staying
    rows = np.flatnonzero(posts.filled)
    if rows.size == 0:
        return Centre(p.quit_monthly, 0.0, 1.0, 0.0)
    middle = Centre(
        1.0,
        float(_minutes(model, rows).mean()),
        float(posts.served[rows].mean(dtype=np.float64)),
        vacancy_rate(model),
    )
    mean = float(product(factors(model, rows, middle)).mean())
    return Centre(p.quit_monthly / mean, middle.commute_min, middle.served, middle.vacancy_rate)


def ceiling(model: ParkModel, rows: npt.NDArray[np.intp], middle: Centre) -> float:
    """Return odds of quitting that nobody in these posts exceeds: each term of :func:`factors` at its largest."""
    p, posts = model.spec.parameters.staying, model.posts
    longer = np.array([0.0, float(posts.commute_min[rows].max(initial=0.0))]) - middle.commute_min
    unserved, counted = np.array([0.0, 1.0]) - middle.served, np.array([0.0, p.ties_counted])
    most = [
        tenure_factor(p, np.arange(37)).max(),
        age_factor(p, np.arange(46.0)).max(),
        (p.commute_per_10min ** (longer / 10)).max(),
        np.maximum(1 + p.services * unserved, 0.0).max(),
        (p.tie**counted).max(),
        max(1.0, p.park_home),
        wage_factor(p, np.array([-np.inf, np.inf]), offers(model, middle)).max(),
        max(1.0, p.firm_shrinking),
        max(1.0, p.hybrid_trial),
    ]
    return middle.scale * float(np.prod(most)) * _ROUNDING


def hazard(terms: dict[str, Floats], middle: Centre) -> Floats:
    """Monthly odds of quitting."""
    return np.minimum(middle.scale * product(terms), _MOST_CERTAIN)


def quit_draw(model: ParkModel, rows: npt.NDArray[np.intp]) -> Floats:
    """Draw this month's number of these people, who quit if it is below their hazard."""
    return model.chance.uniform("quit", model.month, model.posts.identity[rows])


def retire(model: ParkModel) -> None:
    """Let those retire who are old enough."""
    posts, p = model.posts, model.spec.parameters.staying
    rows = np.flatnonzero(posts.filled & (posts.age >= p.retirement_age))
    model.leave(rows, np.full(rows.size, RETIRED, dtype=np.int8))


def quit_posts(model: ParkModel) -> None:
    """Let people quit, and say why; those who look in the park first keep their posts until hiring."""
    posts, p, chance, month = model.posts, model.spec.parameters.staying, model.chance, model.month
    middle = model.centre
    assert middle is not None
    rows = np.flatnonzero(posts.filled)
    most = ceiling(model, rows, middle)  # who draws more stays whatever the terms are
    rows = cores.those(lambda now: quit_draw(model, now) < most, rows)
    terms = factors(model, rows, middle)
    goes = np.flatnonzero(quit_draw(model, rows) < hazard(terms, middle))
    rows, ids = rows[goes], posts.identity[rows[goes]]
    cause = causes(
        p,
        {name: term[goes] for name, term in terms.items()},
        chance.uniform("quit/left city", month, ids),
        chance.uniform("quit/cause", month, ids),
    )
    looks = chance.uniform("quit/looks in the park", month, ids) < odds_of_looking(model, middle)[cause]
    model.seekers.on_the_job = rows[looks], cause[looks]
    model.leave(rows[~looks], cause[~looks])


def odds_of_looking(model: ParkModel, middle: Centre) -> Floats:
    """Share of those who quit who have a vacancy of the park in view, by cause.

    The better offer came from the park, or the employer is left and not the place. Whoever finds nothing there
    goes all the same: who quits is settled, where to is not.
    """
    odds = np.zeros(len(CAUSES))
    odds[WAGE] = offers_inside(model, middle) / max(offers(model, middle), 1e-12)
    odds[[EMPLOYER, OTHER]] = model.spec.parameters.hiring.seek_on_job
    return odds


def causes(
    p: StayingParameters, terms: dict[str, Floats], u_city: Floats, u_cause: Floats
) -> npt.NDArray[np.int8]:
    """Say why people quit: in proportion to what each term adds to the reference hazard."""
    other = 1 - p.wage_share
    weight = np.stack(
        [
            np.maximum(terms["commute"] - 1, 0),
            np.maximum(terms["services"] - 1, 0),
            np.maximum(terms["wage"] - other, 0),
            np.maximum(terms["employer"] - 1, 0),
            np.full(len(u_cause), max(other, 1e-12)),
        ]
    )
    edges = np.cumsum(weight, axis=0)
    cause: npt.NDArray[np.int8] = (u_cause * edges[-1] >= edges).sum(axis=0).astype(np.int8)
    cause[u_city < p.left_city_share] = LEFT_CITY
    return cause


def live(model: ParkModel) -> None:
    """Let couples form, children be born and grow, and homes be bought: yearly odds, once a month."""
    posts, p, chance = model.posts, model.spec.parameters.home, model.chance
    filled = np.flatnonzero(posts.filled)
    yearly = [p.form_couple_year, p.first_child_year, p.child_grows_year, p.child_leaves_year]

    def draw(rows: npt.NDArray[np.intp], what: str = "household") -> Floats:
        return chance.uniform(what, model.month, posts.identity[rows])

    close = cores.those(lambda now: draw(now) < max(yearly) / 12, filled)
    household, young = posts.household[close], posts.age[close] < _YOUNG
    odds = np.select(
        [
            (household == SINGLE) & young,
            (household == COUPLE) & young,
            household == KINDERGARTEN,
            household == SCHOOL,
        ],
        yearly,
        0.0,
    )
    buys = cores.those(lambda now: draw(now, "household/buys") < p.buy_home_year / 12, filled)
    buys = buys[~posts.owner[buys] & (posts.household[buys] != SINGLE) & (posts.flat[buys] < 0)]
    posts.owner[buys] = True
    changes = draw(close) < odds / 12
    then = np.select(
        [household == SINGLE, household == COUPLE, household == KINDERGARTEN],
        [COUPLE, KINDERGARTEN, SCHOOL],
        COUPLE,
    ).astype(np.int8)[changes]
    changed = close[changes]
    posts.household[changed] = then
    posts.needs[changed] = needs_of(chance, posts.identity[changed], then, model.spec.needs)
    grown = changed[posts.household[changed] != KINDERGARTEN]
    posts.kindergarten[grown] = -1
    left = changed[posts.household[changed] != SCHOOL]
    posts.school[left] = -1
    posts.after_school[left] = -1


def move_odds(model: ParkModel, rows: npt.NDArray[np.intp]) -> Floats:
    """Monthly odds of moving home: tenants often, owners seldom, more where the way to work is long."""
    p = model.spec.parameters.home
    yearly = np.where(model.posts.owner[rows], p.owner_moves_year, p.tenant_moves_year)
    return np.asarray(-np.expm1(-move_rate(model, rows, yearly)))


def move_rate(model: ParkModel, rows: npt.NDArray[np.intp], yearly: Floats | float) -> Floats:
    """Monthly rate of moving home, from the yearly one at the mean way to work of the plain park."""
    middle = model.centre
    assert middle is not None
    longer = model.posts.commute_min[rows].astype(np.float64) - middle.commute_min
    return np.asarray(yearly / 12 * model.spec.parameters.home.move_per_10min ** (longer / 10))


def move_draw(model: ParkModel, rows: npt.NDArray[np.intp]) -> Floats:
    """Draw this month's number of these people, who move if it is below their odds."""
    return model.chance.uniform("move home", model.month, model.posts.identity[rows])


def move_home(model: ParkModel) -> None:
    """Let households move, and let the park's free flats."""
    posts, p = model.posts, model.spec.parameters.home
    rows = np.flatnonzero(posts.filled)
    if rows.size == 0:
        return
    minutes = posts.commute_min[rows]
    longest, shortest = rows[minutes.argmax()], rows[minutes.argmin()]
    ends = move_rate(model, np.array([longest, shortest]), max(p.owner_moves_year, p.tenant_moves_year))
    most = ends.max() * _ROUNDING  # odds are below the rate: who draws more does not move
    rows = cores.those(lambda now: move_draw(model, now) < most, rows)
    rows = rows[move_draw(model, rows) < move_odds(model, rows)]
    posts.moves[rows] += 1
    homes.settle(model, rows)
    homes.let_flats(model)
    model.log("move_home", posts.identity[rows], model.firms.identity[posts.firm[rows]], posts.zone[rows])


def grow_older(model: ParkModel) -> None:
    """Let everybody age by a month."""
    posts = model.posts
    posts.age[posts.filled] += np.float32(1 / 12)


STEPS = (refer, retire, quit_posts, live, move_home, grow_older)
"""The phase, step by step; whoever wants to see why people go looks between two of them."""
