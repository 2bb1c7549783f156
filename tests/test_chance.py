"""Luck with an address: uniform, independent, the same for the same question, and splitmix64 to the bit."""

import itertools

import numpy as np
import pytest
from scipy import stats

from parksim.chance import Chance, combine, name_code, named_seed, named_uniform, pick

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
# First outputs of splitmix64 for the seed 1234567, as published with the reference implementation's tests
# (rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64).
PUBLISHED = (
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
)


def reference(state):
    """Splitmix64 as Vigna's C code says it (prng.di.unimi.it/splitmix64.c), in Python integers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def unmix(z):
    """Undo splitmix64's finaliser."""
    z ^= z >> 31 ^ z >> 62
    z = z * pow(0x94D049BB133111EB, -1, 2**64) & MASK
    z ^= z >> 27 ^ z >> 54
    z = z * pow(0xBF58476D1CE4E5B9, -1, 2**64) & MASK
    return z ^ z >> 30 ^ z >> 60


def people(n, start=1):
    return np.arange(start, start + n, dtype=np.uint64)


# --- splitmix64 ----------------------------------------------------------------------------------


def test_the_reference_here_is_the_published_one():
    assert tuple(itertools.islice(reference(1234567), 5)) == PUBLISHED


def test_the_draws_of_an_address_are_splitmix64s_to_the_bit():
    """Asked by the identity whose hashed address is 1234567, the c-th draw is the c-th published number."""
    chance = Chance(42)
    who = np.array([unmix(1234567) ^ chance.key("quit", 7)], dtype=np.uint64)
    for c, published in enumerate(PUBLISHED):
        assert chance.uniform("quit", 7, who, c)[0] == ((published >> 11) + 0.5) * 2.0**-53


def test_pairs_are_hashed_by_splitmix64s_finaliser():
    pair = combine(people(1, 5), people(1, 9))
    assert unmix(int(pair[0])) == (5 * GOLDEN + 9) & MASK


def test_draws_stay_what_they_were():
    """Golden values: a change here changes every run ever kept."""
    u = Chance(1).uniform("quit", 3, np.array([0, 1, MASK], dtype=np.uint64))
    key = Chance(1).key("quit", 3)
    expected = []
    for who in (0, 1, MASK):
        state = next(reference((who ^ key) - GOLDEN & MASK))
        expected.append(((next(reference(state)) >> 11) + 0.5) * 2.0**-53)
    assert u.tolist() == expected
    assert name_code("quit") == 14053124440724219375
    assert key == 1602884381518938652


# --- what an address means -----------------------------------------------------------------------


def test_the_same_question_has_the_same_answer_whoever_else_is_asked():
    chance = Chance(7)
    crowd = people(50_000)
    all_at_once = chance.uniform("quit", 3, crowd)
    few = np.random.default_rng(1).choice(crowd, 500, replace=False)
    assert np.array_equal(chance.uniform("quit", 3, few), all_at_once[(few - np.uint64(1)).astype(int)])


@pytest.mark.parametrize("n", [0, 1, 16_383, 16_384, 16_385, 32_769])
def test_chunks_leave_no_seam(n):
    chance, ids = Chance(7), people(n)
    whole = chance.uniform("quit", 3, ids)
    assert whole.shape == (n,)
    for k in {0, n // 2, n - 1} & set(range(n)):
        assert whole[k] == chance.uniform("quit", 3, ids[k : k + 1])[0]
    if n > 10:
        assert np.array_equal(whole[::-1], chance.uniform("quit", 3, ids[::-1]))


def test_shape_is_kept():
    chance, ids = Chance(7), people(24).reshape(2, 3, 4)
    for draw in (chance.uniform, chance.exponential, chance.gumbel, chance.normal):
        assert draw("x", 0, ids).shape == (2, 3, 4)
        assert np.array_equal(draw("x", 0, ids).ravel(), draw("x", 0, ids.ravel()))
    assert np.array_equal(chance.uniform("x", 0, ids.T), chance.uniform("x", 0, ids).T)


def test_identities_are_left_as_they_are():
    ids = people(100)
    Chance(7).uniform("x", 0, ids)
    combine(ids, ids)
    assert np.array_equal(ids, people(100))


def test_seed_decision_month_person_and_number_each_make_another_draw():
    draws = [
        Chance(seed).uniform(decision, month, people(1, who), c)[0]
        for seed, decision, month, who, c in itertools.product(
            (0, 1, 2**62), ("quit", "move"), (-12, 0, 1), (1, 2), (0, 1)
        )
    ]
    assert len(set(draws)) == len(draws)


# --- how draws are distributed -------------------------------------------------------------------

N = 100_000


@pytest.fixture(scope="module")
def u():
    return Chance(11).uniform("quit", 3, people(N))


def test_draws_of_people_with_consecutive_numbers_are_uniform(u):
    assert stats.kstest(u, "uniform").pvalue > 0.001
    assert u.min() > 0
    assert u.max() < 1


def test_draws_of_one_person_over_the_months_are_uniform():
    chance, who = Chance(11), people(1)
    months = np.array([chance.uniform("quit", month, who)[0] for month in range(-12, 3000)])
    assert stats.kstest(months, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    ("decision", "month", "c", "seed"),
    [("move home", 3, 0, 11), ("quit", 4, 0, 11), ("quit", 3, 1, 11), ("quit", 3, 0, 12)],
)
def test_draws_of_another_address_are_independent(u, decision, month, c, seed):
    other = Chance(seed).uniform(decision, month, people(N), c)
    table = np.histogram2d(u, other, bins=16)[0]
    assert stats.chi2_contingency(table).pvalue > 0.001
    assert abs(np.corrcoef(u, other)[0, 1]) < 4 / np.sqrt(N)


def test_neighbours_draws_are_independent(u):
    table = np.histogram2d(u[:-1], u[1:], bins=16)[0]
    assert stats.chi2_contingency(table).pvalue > 0.001


def test_low_bits_are_as_good_as_high_ones(u):
    low = (u * 2**53 % 2**8).astype(int) // 16
    assert stats.chisquare(np.bincount(low, minlength=16)).pvalue > 0.001


def test_exponential_gumbel_and_normal_numbers_follow_their_laws():
    chance = Chance(11)
    for draw, law, mean, variance in (
        (chance.exponential, "expon", 1, 1),
        (chance.gumbel, "gumbel_r", np.euler_gamma, np.pi**2 / 6),
        (chance.normal, "norm", 0, 1),
    ):
        x = draw("x", 0, people(N))
        assert stats.kstest(x, law).pvalue > 0.001, law
        assert x.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / N))
        assert x.var() == pytest.approx(variance, rel=0.03)
        assert np.isfinite(x).all()


def test_an_argmax_of_utilities_plus_gumbel_numbers_is_a_logit_choice():
    chance, utility = Chance(3), np.array([0.0, 1.0, -0.5])
    errors = np.stack([chance.gumbel("mode", 0, people(N), c) for c in range(3)])
    chosen = np.bincount(np.argmax(utility[:, None] + errors, axis=0), minlength=3)
    expected = np.exp(utility) / np.exp(utility).sum() * N
    assert stats.chisquare(chosen, expected).pvalue > 0.001


# --- names, identities, classes ------------------------------------------------------------------


def test_identities_belong_to_the_seed_and_do_not_meet():
    firms = Chance(1).identities("firm", people(20_000, 0))
    posts = Chance(1).identities("post", firms[:20_000], np.uint64(0))
    others = Chance(2).identities("firm", people(20_000, 0))
    together = np.concatenate([firms, posts, others])
    assert len(np.unique(together)) == 60_000


def test_identities_depend_on_every_number_and_on_their_order():
    chance = Chance(1)
    made = {int(chance.identities("post", people(1, a), people(1, b))[0]) for a in range(5) for b in range(5)}
    assert len(made) == 25


def test_pairs_take_numbers_beyond_63_bits_and_below_zero():
    top = np.array([MASK], dtype=np.uint64)
    assert combine(top, -1) == combine(top, top)
    assert combine(top, MASK) == combine(top, top)


def test_names_have_stable_seeds_of_their_own():
    assert named_seed(1, "replication 3") == named_seed(1, "replication 3")
    assert 0 <= named_seed(1, "replication 3") < 2**63
    assert len({named_seed(s, f"replication {r}") for s in range(50) for r in range(50)}) == 2500
    u = [named_uniform(1, f"parameter {k}") for k in range(2000)]
    assert stats.kstest(u, "uniform").pvalue > 0.001


def test_a_uniform_number_falls_in_its_class():
    edges = np.array([0.2, 0.2, 1.0])
    assert pick(np.array([0.0, 0.199, 0.2, 0.9]), edges).tolist() == [0, 0, 2, 2]
    assert pick(np.array([1 - 2**-53]), np.array([0.5, 1 - 1e-9])).tolist() == [1]
