"""Queues: closed forms, a customer-by-customer simulation without shared code, and laws any queue obeys."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parksim.errors import ParksimError
from parksim.world.queues import QueueError, expected_wait, peak_wait, peak_wait_and_slope, served_share

rates = st.floats(0.01, 2000)
services = st.floats(0.5, 120)
crews = st.integers(1, 400)
lengths = st.floats(5, 600)
factors = st.floats(1, 3)


def simulate(arrivals, service, servers, minutes, days, seed, patience=math.inf, skip=0.0):
    """Play `days` first-come-first-served days; return mean wait of those served and the share served."""
    rng = np.random.default_rng(seed)
    waits, came, served = 0.0, 0, 0
    for _ in range(days):
        free = [0.0] * servers
        clock = rng.exponential(60 / arrivals)
        while clock < minutes:
            wait = max(free[0] - clock, 0.0)
            counts = clock >= skip
            came += counts
            if wait <= patience:
                heapq.heapreplace(free, clock + wait + rng.exponential(60 / service))
                served += counts
                waits += wait * counts
            clock += rng.exponential(60 / arrivals)
    return waits / served, served / came


# ---- the stationary law


@pytest.mark.parametrize("rho", [1e-9, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9])
def test_one_counter_waits_rho_over_mu_minus_lambda(rho):
    assert expected_wait(rho * 30, 30, 1) == pytest.approx(60 * rho / (30 * (1 - rho)), rel=1e-6)


@pytest.mark.parametrize("rho", [1e-6, 0.1, 0.5, 0.9, 0.999])
def test_two_counters_wait_rho_squared(rho):
    assert expected_wait(2 * rho * 30, 30, 2) == pytest.approx(2 * rho**2 / (1 - rho**2), rel=1e-9)


@pytest.mark.parametrize(("servers", "rho"), [(3, 0.4), (17, 0.8), (120, 0.95), (900, 0.99), (4000, 0.998)])
def test_many_seats_agree_with_erlangs_recursion(servers, rho):
    load, blocked = servers * rho, 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    delayed = blocked / (1 - rho * (1 - blocked))
    assert expected_wait(load * 6, 6, servers) == pytest.approx(10 * delayed / (servers - load), rel=1e-9)


def test_stationary_wait_agrees_with_simulation():
    for seed, (arrivals, service, servers) in enumerate([(40, 60, 1), (110, 20, 7)]):
        seen, _ = simulate(arrivals, service, servers, 60_000 / arrivals * 60, 1, seed, skip=600)
        assert expected_wait(arrivals, service, servers) == pytest.approx(seen, rel=0.08)


def test_nobody_waits_where_nobody_comes_and_for_ever_above_capacity():
    waits = expected_wait([0, 10, 59.9, 60, 1e6, 0, 5], 20, [3, 3, 3, 3, 3, 0, 0])
    assert waits[0] == 0
    assert waits[5] == 0
    assert np.all(np.isfinite(waits[:3]))
    assert np.all(np.isinf(waits[[3, 4, 6]]))


def test_arguments_broadcast_and_scalars_give_scalars():
    grid = expected_wait(np.arange(4.0)[:, None], 10, np.arange(1, 6))
    assert grid.shape == (4, 5)
    assert grid[3, 1] == expected_wait(3, 10, 2)
    assert float(peak_wait(3, 10, 2)) == peak_wait(3, 10, 2)
    assert peak_wait(np.ones((2, 1)), 10, 2, np.array([30, 60, 90])).shape == (2, 3)
    assert expected_wait(np.array([]), 1, 1).shape == (0,)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: expected_wait(-1, 1, 1), "arrivals_per_hour = -1"),
        (lambda: expected_wait([1, 2], [3, math.nan], 1), r"service_per_hour\[1\] = nan"),
        (lambda: peak_wait(1, 1, [[1], [-2]], 60), r"servers\[1, 0\] = -2"),
        (lambda: peak_wait(1, 1, 1, 0), "minutes = 0"),
        (lambda: served_share(1, 1, 1, 60, -5), "patience_min = -5"),
    ],
)
def test_impossible_values_are_named(call, text):
    with pytest.raises(QueueError, match=text):
        call()
    assert issubclass(QueueError, ParksimError)


# ---- the peak


PEAKS = [
    # arrivals/h, service/h, servers, minutes: a till, a counter, a clinic, two canteens' seats
    (54, 60, 1, 60),
    (72, 60, 1, 90),
    (110, 20, 5, 60),
    (66, 6, 10, 120),
    (390, 6, 60, 60),
    (1500, 3, 400, 60),
]


@pytest.mark.parametrize("peak", PEAKS)
def test_peak_wait_is_within_a_tenth_or_an_eighth_of_a_service_of_simulation(peak):
    arrivals, service, _, minutes = peak
    days = int(60_000 / (arrivals * minutes / 60)) + 1
    seen, _ = simulate(*peak, days, 3)
    assert abs(peak_wait(*peak) - seen) < max(0.125 * 60 / service, 0.1 * seen)


def test_peak_wait_is_close_to_the_exact_transient_queue():
    """Kolmogorov's equations of M/M/c, stepped by uniformisation: no luck in this oracle."""
    for c, service_min, minutes, rho in [
        (1, 1, 60, 1.0),
        (2, 3, 120, 0.9),
        (20, 10, 60, 1.1),
        (60, 20, 60, 1.3),
    ]:
        mu = 1 / service_min
        lam = rho * c * mu
        top = int(c + max(lam - c * mu, 0) * minutes + 8 * math.sqrt(2 * lam * minutes) + 30)
        number = np.arange(top + 1)
        leave = mu * np.minimum(number, c)
        step = 0.5 / (lam + c * mu)
        people = np.zeros(top + 1)
        people[0] = 1
        total, steps = 0.0, round(minutes / step)
        for _ in range(steps):
            total += people @ np.maximum(number - c + 1, 0) / (c * mu)
            flow = -(lam + leave) * people
            flow[1:] += lam * people[:-1]
            flow[:-1] += leave[1:] * people[1:]
            people = people + step * flow
        exact = total / steps
        assert abs(peak_wait(60 * lam, 60 * mu, c, minutes) - exact) < max(0.125 * service_min, 0.05 * exact)


def test_a_long_peak_below_capacity_is_stationary():
    steady = expected_wait([10, 25, 100], [30, 30, 6], [1, 1, 20])
    assert peak_wait([10, 25, 100], [30, 30, 6], [1, 1, 20], 1e7) == pytest.approx(steady, rel=1e-4)
    assert np.array_equal(peak_wait([10, 25, 100], [30, 30, 6], [1, 1, 20], math.inf), steady)


def test_a_flood_is_a_fluid():
    arrivals, service, servers, minutes = 6000.0, 12, 50, 60
    rho = arrivals / (service * servers)
    filled = -math.log(1 - 1 / rho) * 60 / service
    assert peak_wait(arrivals, service, servers, minutes) == pytest.approx(
        (rho - 1) * (minutes - filled) ** 2 / (2 * minutes), rel=1e-3
    )


def test_seats_are_empty_at_first_so_a_short_overload_costs_little():
    # 1,500 guests an hour for 400 seats of 20 minutes: a quarter too many, yet half an hour to fill them.
    assert np.isinf(expected_wait(1500, 3, 400))
    assert 1.6 < peak_wait(1500, 3, 400, 60) < 2.2


def test_no_capacity_means_no_service():
    assert np.array_equal(peak_wait([1, 0], 1, 0, 60), [math.inf, 0])
    assert np.array_equal(served_share([1, 0], 0, 3, 60, 5), [0, 1])


@pytest.mark.parametrize("rho", [1 - 1e-13, 1.0, 1 + 1e-13, 1e-9, 1e6])
@pytest.mark.parametrize("servers", [1, 7, 400])
@pytest.mark.parametrize("minutes", [0.5, 60, 1e8])
def test_extremes_stay_between_their_bounds(rho, servers, minutes):
    wait = peak_wait(rho * servers * 6, 6, servers, minutes)
    assert 0 <= wait <= expected_wait(rho * servers * 6, 6, servers) * (1 + 1e-8)
    assert np.isfinite(wait)


@settings(deadline=None, max_examples=100)
@given(rates, services, crews, lengths, factors)
def test_peak_laws(arrivals, service, servers, minutes, more):
    wait = peak_wait(arrivals, service, servers, minutes)
    near = 1e-9 + 1e-6 * wait
    assert np.isfinite(wait)
    assert wait <= expected_wait(arrivals, service, servers) + near
    assert peak_wait(arrivals * more, service, servers, minutes) >= wait - near
    assert peak_wait(arrivals, service, servers, minutes * more) >= wait - near
    assert peak_wait(arrivals, service * more, servers, minutes) <= wait + near
    assert peak_wait(arrivals, service, servers + 1, minutes) <= wait + near


@settings(deadline=None, max_examples=200)
@given(rates, services, crews, factors)
def test_stationary_laws(arrivals, service, servers, more):
    wait = expected_wait(arrivals, service, servers)
    near = 1e-9
    assert expected_wait(arrivals * more, service, servers) >= wait * (1 - near)
    assert expected_wait(arrivals, service * more, servers) <= wait * (1 + near)
    assert expected_wait(arrivals, service, servers + 1) <= wait * (1 + near)


# ---- those who give up


@settings(deadline=None, max_examples=200)
@given(rates, services, crews, lengths, st.floats(0, 120), factors)
def test_share_laws(arrivals, service, servers, minutes, patience, more):
    args = np.array([arrivals, service, servers, minutes, patience])
    share = served_share(*args)
    assert 0 <= share <= 1
    for factor, sign in (
        ([more, 1, 1, 1, 1], -1),
        ([1, more, 1, 1, 1], 1),
        ([1, 1, 2, 1, 1], 1),
        ([1, 1, 1, more, 1], -1),
        ([1, 1, 1, 1, more], 1),
    ):
        assert sign * (served_share(*(args * factor)) - share) >= -1e-9


@pytest.mark.parametrize(
    "peak", [(60, 60, 1, 60, 10), (80, 20, 2, 60, 2), (132, 6, 20, 120, 10), (600, 3, 100, 60, 10)]
)
def test_served_share_is_within_five_points_of_simulation(peak):
    *rates_, minutes, patience = peak
    _, seen = simulate(*rates_, minutes, int(40_000 / (peak[0] * minutes / 60)) + 1, 7, patience=patience)
    assert served_share(*peak) == pytest.approx(seen, abs=0.05)


def test_short_waits_lose_nobody_and_long_overloads_all_beyond_capacity():
    assert served_share(10, 30, 5, 60, 20) == pytest.approx(1, abs=1e-9)
    assert served_share(300, 30, 5, 1e6, 10) == pytest.approx(0.5, abs=1e-3)
    assert served_share(1e6, 30, 5, 60, math.inf) == 1


def test_without_patience_the_loss_is_erlangs_b():
    blocked = 1.0
    for k in range(1, 9):
        blocked = 6 * blocked / (k + 6 * blocked)
    assert 1 - served_share(120, 20, 8, 1e9, 0) == pytest.approx(blocked, rel=1e-6)


def test_two_seats_with_patience_agree_with_a_direct_sum():
    """M/M/c+D in the long run: mass below c from the birth-death chain, density above it by quadrature."""
    lam, mu, c, patience = 1.3, 0.5, 2, 4.0
    below = [1.0, lam / mu]  # c - 1 = 1 busy is the last state with a free seat
    v = np.linspace(0, patience, 200_001)
    density = lam * below[-1] * np.exp(-(c * mu - lam) * v)
    waiting = np.sum((density[1:] + density[:-1]) / 2) * (v[1] - v[0])
    refused = density[-1] / (c * mu)
    loss = refused / (sum(below) + waiting + refused)
    assert 1 - served_share(60 * lam, 60 * mu, c, 1e9, patience) == pytest.approx(loss, rel=1e-6)


def test_a_flood_on_few_servers_does_not_underflow():
    shares = served_share([1e4, 1e5, 1e6, 1e7], 3, 40, 1e9, 0)
    assert shares == pytest.approx(np.array([3 * 40 / a for a in (1e4, 1e5, 1e6, 1e7)]), rel=2e-2)


@pytest.mark.parametrize("servers", [1, 8, 120])
def test_the_slope_of_the_wait_is_what_one_arrival_more_does(servers):
    arrivals = 20 * servers * np.array([0.5, 0.9, 1.0, 1.1, 1.6])
    _, slope = peak_wait_and_slope(arrivals, 20, servers, 90)
    step = 1e-5 * arrivals
    more = peak_wait(arrivals + step, 20, servers, 90) - peak_wait(arrivals - step, 20, servers, 90)
    np.testing.assert_allclose(slope, more / (2 * step), rtol=1e-4, atol=1e-12)
