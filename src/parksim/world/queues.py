"""How long people queue at counters and tables: the stationary law, and its companion for a peak.

Everything is a vectorised closed form or a few Newton steps on arrays: the functions are called inside the
fixed points of choices and waits, on all amenities and parts of the day at once. Hours are the unit of rates,
minutes the unit of waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import exprel, gammaincc, gammaln

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["QueueError", "expected_wait", "peak_wait", "served_share"]

_MIN_PER_HOUR = 60.0
_MAX_STEPS = 80
_LAGUERRE = np.polynomial.laguerre.laggauss(16)


class QueueError(ParksimError, ValueError):
    """A rate, a number of servers or a duration that no queue can have."""


def _checked(name: str, value: ArrayLike, *, positive: bool = False) -> FloatArray:
    """Return `value` as floats, or say which entry is not a number or below zero."""
    array = np.asarray(value, dtype=np.float64)
    bad = ~(array > 0) if positive else ~(array >= 0)
    if bad.any():
        place = tuple(np.argwhere(bad)[0])
        where = f"{name}[{', '.join(map(str, place))}]" if array.ndim else name
        raise QueueError(f"{where} = {array[place]:g}: must be a number {'> 0' if positive else '≥ 0'}")
    return array


def _log_erlang_b(load: FloatArray, servers: FloatArray) -> FloatArray:
    """Logarithm of Erlang's loss probability for loads > 0.

    B(c, a) is a Poisson probability over its distribution function, e^-a a^c / c! / Q(c + 1, a), which holds
    for fractional c too. Where that underflows (load far above servers) the integral form
    1 / B = ∫ e^-x (1 + x/a)^c dx (Jagerman 1974) is summed by Gauss-Laguerre after scaling x by a / (a - c).
    """
    with np.errstate(divide="ignore"):
        log_b: FloatArray = servers * np.log(load) - load - gammaln(servers + 1)
        log_b -= np.log(gammaincc(servers + 1, load))
    far = (load > 500) & (load > 1.5 * servers)  # smaller loads cannot underflow: e^-a · e^c > 1e-300
    if np.any(far):
        a, c = load[far, None], servers[far, None]
        nodes, weights = _LAGUERRE
        y = nodes / (a - c)
        log_b[far] = np.log1p(-c[:, 0] / a[:, 0]) - np.log(np.exp(c * (np.log1p(y) - y)) @ weights)
    return log_b


def _stationary(load: FloatArray, servers: FloatArray) -> FloatArray:
    """Mean wait in service times of M/M/c for 0 < load < servers: Erlang's C / (c - a)."""
    b: FloatArray = np.exp(_log_erlang_b(load, servers))
    wait: FloatArray = b / (1 - load / servers * (1 - b)) / (servers - load)
    return wait


def expected_wait(
    arrivals_per_hour: ArrayLike, service_per_hour: ArrayLike, servers: ArrayLike
) -> FloatArray:
    """Mean minutes in queue, before service begins, of the stationary queue M/M/c.

    With a = λ/μ the offered load and B Erlang's loss probability,
    C = B / (1 - (a/c)(1 - B)) is the probability of having to wait and W = C / (cμ - λ) the mean wait
    (Erlang 1917; Cooper, *Introduction to Queueing Theory*, 1981, §3.5).

    Parameters
    ----------
    arrivals_per_hour : array_like
        Arrivals λ, customers an hour, ≥ 0.
    service_per_hour : array_like
        Customers an hour that **one** server can serve, μ ≥ 0.
    servers : array_like
        Counters, seats or desks in parallel, c ≥ 0; a fraction is read by the continuous form of B.
        The three arguments broadcast against each other.

    Returns
    -------
    ndarray of float64, broadcast shape (a scalar for scalars)
        Minutes; 0 where nobody arrives, `inf` where λ ≥ cμ.

    Raises
    ------
    QueueError
        If a value is negative or NaN.
    """
    lam, mu, c = np.broadcast_arrays(
        _checked("arrivals_per_hour", arrivals_per_hour),
        _checked("service_per_hour", service_per_hour),
        _checked("servers", servers),
    )
    wait = np.where(lam > 0, np.inf, 0.0)
    steady = (lam > 0) & (lam < c * mu)
    if steady.all():
        wait[...] = _MIN_PER_HOUR * _stationary(lam / mu, c) / mu
    elif steady.any():
        lam, mu, c = lam[steady], mu[steady], c[steady]
        wait[steady] = _MIN_PER_HOUR * _stationary(lam / mu, c) / mu
    return wait[()]


def peak_wait(
    arrivals_per_hour: ArrayLike,
    service_per_hour: ArrayLike,
    servers: ArrayLike,
    minutes: ArrayLike = 60.0,
) -> FloatArray:
    r"""Mean minutes in queue of those who arrive in a peak of given length that starts with an empty hall.

    Two laws bound the answer. The stationary wait W_s(ρ) (`expected_wait`) is what a load below capacity
    tends to; the fluid is what an overload tends to. Over T minutes from an empty hall its mean wait is

    .. math:: W_f(\rho) = (\rho - 1)\,\frac{(T - t_f)^2}{2T},\qquad t_f = -\ln(1 - 1/\rho)/\mu,

    and 0 for ρ ≤ 1 or t_f ≥ T: t_f is the time until all c servers are busy, long for a canteen whose
    "servers" are seats. The two are joined by the coordinate transformation of Kimber & Hollis (1979, TRRL
    LR 909; the same step yields Akçelik's 1991 delay formula and the HCM's), applied to ratios of load: the
    wait is W = W_s(ρ_e) = W_f(ρ / ρ_e) at the one equivalent load 0 < ρ_e < 1 where the two agree. For one
    server and t_f = 0 that is Akçelik's formula, T/4 · [ρ - 1 + √((ρ - 1)² + 8ρ/(μT))].

    It follows that W_f(ρ) ≤ W ≤ W_s(ρ), that W tends to W_s for a long peak below capacity and to W_f far
    above it, and that W grows with arrivals and minutes and falls with servers and service rate.

    Accuracy, against the exact transient M/M/c for c = 1 … 400, service of 1-20 min, peaks of 30-480 min and
    ρ = 0.7 … 2: within 5 % or an eighth of a mean service time, whichever is more. It errs upwards, but for
    one server near saturation, where it is up to 5 % short.

    Parameters
    ----------
    arrivals_per_hour, service_per_hour, servers : array_like
        As for `expected_wait`.
    minutes : array_like
        Length T of the peak, > 0; `inf` gives `expected_wait`. All four arguments broadcast.

    Returns
    -------
    ndarray of float64, broadcast shape (a scalar for scalars)
        Minutes, averaged over all who arrive in the peak, including those served after its end; finite unless
        there is no capacity at all (0 servers or rate 0) or the peak is endless.

    Raises
    ------
    QueueError
        If a value is negative or NaN, or `minutes` is 0.
    """
    return peak_wait_and_slope(arrivals_per_hour, service_per_hour, servers, minutes)[0]


def peak_wait_and_slope(
    arrivals_per_hour: ArrayLike,
    service_per_hour: ArrayLike,
    servers: ArrayLike,
    minutes: ArrayLike = 60.0,
) -> tuple[FloatArray, FloatArray]:
    """Return :func:`peak_wait` and by how much it grows with one more arrival an hour.

    The slope follows from the crossing that defines the wait, by implicit differentiation; 0 where the peak is
    endless or there is no queue to speak of.
    """
    lam, mu, c, horizon = np.broadcast_arrays(
        _checked("arrivals_per_hour", arrivals_per_hour),
        _checked("service_per_hour", service_per_hour),
        _checked("servers", servers),
        _checked("minutes", minutes, positive=True),
    )
    wait, slope = np.where(lam > 0, np.inf, 0.0), np.zeros(lam.shape)
    some = (lam > 0) & (c * mu > 0) & np.isfinite(horizon)
    endless = (lam > 0) & np.isinf(horizon)
    if endless.any():
        wait[endless] = expected_wait(lam[endless], mu[endless], c[endless])
    if some.any():
        lam, mu, c, horizon = lam[some], mu[some], c[some], horizon[some]
        service_min = _MIN_PER_HOUR / mu
        found, growth = _sheared_wait(lam / (c * mu), c, horizon / service_min)
        wait[some], slope[some] = service_min * found, service_min * growth / (c * mu)
    return wait[()], slope[()]


def _sheared_wait(rho: FloatArray, servers: FloatArray, horizon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wait in service times where the stationary and the fluid curve cross, and its slope over `rho`.

    `horizon` in service times.

    Newton on ln W_s(r) - ln W_f(ρ/r), increasing in r, over z = logit(r / r_max), in which both ends are
    straight lines; a step that leaves the bracket is replaced by halving. Entries leave as they converge.
    """
    # Fluid exists only above 1 / (1 - e^-T): r_max is the load reached when the peak ends.
    top = np.minimum(1.0, rho * -np.expm1(-horizon))
    wait, growth = np.zeros_like(rho), np.zeros_like(rho)
    # W < W_s(r_max): where that is nothing, so is W, and its logarithm is not worth a search.
    bound = np.ones_like(rho)
    calm = (top > 0) & (top < 1)
    bound[calm] = _stationary(top[calm] * servers[calm], servers[calm])
    todo = np.flatnonzero((bound > 1e-12) & (top > 0))
    if not todo.size:
        return wait, growth
    rho, top, servers, horizon = rho[todo], top[todo], servers[todo], horizon[todo]
    z = np.full_like(rho, 3.0)
    low, high = np.full_like(rho, -60.0), np.full_like(rho, 36.0)
    c, t = servers, horizon
    for _ in range(_MAX_STEPS):
        share = 1 / (1 + np.exp(-z))
        r = top * share
        left = top / (1 + np.exp(z))  # top - r without cancellation
        slack = np.where(top < 1, 1 - r, left)  # 1 - r
        load = r * c
        log_b = _log_erlang_b(load, c)
        b = np.exp(log_b)
        idle = slack + r * b
        log_s = log_b - np.log(idle * slack * c)
        # d ln B / da = c/a - 1 + B, and d(idle)/dr = B - 1 + r dB/dr
        grow = (1 / r - 1 + b) * c
        slope_s = grow - (b - 1 + r * b * grow) / idle + 1 / slack
        # x = ρ/r is the load the fluid sees; x - 1 and T - t_f are written so that no digits cancel near top.
        early = top < 1
        over = np.where(early, left + rho * np.exp(-t), rho - 1 + left) / r
        x = 1 + over
        short = early & (t < 30)
        rest = np.where(short, np.log1p(left / rho * np.exp(np.minimum(t, 30.0))), t + np.log(over / x))
        log_f = np.log(over / (2 * t)) + 2 * np.log(rest)
        slope_f = -(1 / over + 2 / (x * over * rest)) * x / r
        value = log_s - log_f
        high, low = np.where(value > 0, z, high), np.where(value > 0, low, z)
        step = value / ((slope_s - slope_f) * r * (left / top))
        step = np.clip(np.nan_to_num(step, nan=0.0), -30.0, 30.0)
        new = z - step
        new = np.where((new > low) & (new < high), new, (low + high) / 2)
        done = (np.abs(value) < 1e-9) | (np.abs(step) < 1e-12) | (high - low < 1e-12)
        if done.any():
            wait[todo[done]] = np.exp(log_s[done])
            # along the crossing r moves with rho by -F_rho / F_r, where F = ln W_s(r) - ln W_f(rho / r)
            turn = -slope_f[done] / (x[done] * (slope_s[done] - slope_f[done]))
            growth[todo[done]] = wait[todo[done]] * slope_s[done] * turn
            on = ~done
            todo, rho, top, c, t = todo[on], rho[on], top[on], c[on], t[on]
            new, low, high = new[on], low[on], high[on]
            if not todo.size:
                return wait, growth
        z = new
    wait[todo] = np.exp(log_s[~done])
    return wait, growth


def served_share(
    arrivals_per_hour: ArrayLike,
    service_per_hour: ArrayLike,
    servers: ArrayLike,
    minutes: ArrayLike,
    patience_min: ArrayLike,
) -> FloatArray:
    r"""Share of those arriving in a peak from an empty hall who are served; the rest give up.

    A customer leaves when his wait would exceed w = `patience_min`. In the long run the loss of M/M/c with
    such customers is known exactly (Gnedenko & Kovalenko 1968; Baccelli & Hébuterne 1981): with Q = cμ,
    ρ = λ/Q, d = (1 - ρ)Qw and B Erlang's loss at c - 1 servers,

    .. math:: \ell = \left[1 + Qw\,\frac{e^{d} - 1}{d} + \frac{e^{d}}{\rho B_{c-1}}\right]^{-1},

    which is Erlang's B for w = 0, 0 for w = ∞ below capacity, and 1 - 1/ρ far above it. In a peak of T
    minutes nobody is lost before the hall is full and the queue w minutes long, so the share served is

    .. math:: 1 - \ell\,\frac{T'}{T}\left[1 - \frac{1 - e^{-T'/s}}{T'/s}\right],\quad T' = (T - t_f)^+,\quad
              s = \frac{w}{(\rho - 1)^+ + 1/(Qw)},

    with t_f = min(-ln(1 - 1/ρ)/μ, (1 + ½ ln c) c/λ) the filling time, by the fluid or, near ρ = 1, until
    within one standard deviation √c; and s the time the queue takes to grow to w, by drift (w/(ρ - 1), the
    fluid) or by fluctuation (w²Q). Over a long overload the share tends to capacity / arrivals. It falls
    with arrivals and minutes and grows with servers, service rate and patience.

    The composition of the two is parksim's own; against simulation for c = 1 … 100, ρ = 0.7 … 2, w = 2 and
    10 min, T = 60 and 120 min it is within 0.05.

    Parameters
    ----------
    arrivals_per_hour, service_per_hour, servers : array_like
        As for `expected_wait`.
    minutes : array_like
        Length T of the peak, > 0.
    patience_min : array_like
        Longest wait w, in minutes, that a customer accepts, ≥ 0. All five arguments broadcast.

    Returns
    -------
    ndarray of float64, broadcast shape (a scalar for scalars)
        Between 0 and 1; 1 where nobody arrives or patience is endless, 0 where there is no capacity (whatever
        the patience).

    Raises
    ------
    QueueError
        If a value is negative or NaN, or `minutes` is 0.
    """
    lam, mu, c, horizon, patience = np.broadcast_arrays(
        _checked("arrivals_per_hour", arrivals_per_hour),
        _checked("service_per_hour", service_per_hour),
        _checked("servers", servers),
        _checked("minutes", minutes, positive=True),
        _checked("patience_min", patience_min),
    )
    share = np.where((lam > 0) & (c * mu == 0), 0.0, 1.0)
    some = (lam > 0) & (c * mu > 0) & np.isfinite(patience)
    if not some.any():
        return share[()]
    lam, mu, c = lam[some] / _MIN_PER_HOUR, mu[some] / _MIN_PER_HOUR, c[some]
    horizon, patience = horizon[some], patience[some]
    capacity = c * mu
    rho = lam / capacity
    drift = np.minimum((1 - rho) * capacity * patience, 600.0)  # e^600: nobody is lost
    b = np.exp(_log_erlang_b(lam / mu, c - 1))
    with np.errstate(over="ignore"):
        odds = capacity * patience * exprel(drift) + np.exp(drift) / np.maximum(rho * b, 1e-300)
    loss = 1 / (1 + odds)
    near = (1 + 0.5 * np.log(np.maximum(c, 1.0))) * c / lam
    over = rho > 1
    fill = np.minimum(near, np.where(over, -np.log1p(-1 / np.where(over, rho, 2.0)) / mu, np.inf))
    queue = patience**2 * capacity / (np.maximum(rho - 1, 0) * capacity * patience + 1)
    left = np.maximum(1 - fill / horizon, 0.0)
    ratio = left * horizon / np.maximum(queue, 1e-9)  # a queue of 1e-9 min is none
    # 1 - (1 - e^-x)/x = 1 - exprel(-x): the share of the remaining time in which people are turned away
    share[some] = 1 - loss * left * (1 - exprel(-ratio))
    return share[()]
