"""Several cores change how long a run takes, and nothing else."""

import numpy as np
import pytest

from parksim import cores
from parksim.chance import Chance


@pytest.fixture
def told(monkeypatch):
    def tell(number):
        monkeypatch.setenv(cores.VARIABLE, str(number))

    return tell


@pytest.mark.parametrize("people", [0, 1, cores.AT_ONCE, cores.AT_ONCE + 1, 5 * cores.AT_ONCE - 3])
def test_everybody_is_looked_at_once_and_in_order(told, people):
    for number in (1, 2):
        told(number)
        seen = cores.each(lambda now: np.arange(now.start, now.stop), people)
        assert np.array_equal(np.concatenate([*seen, np.empty(0, dtype=int)]), np.arange(people))


def test_stretches_do_not_depend_on_the_number_of_cores(told):
    lots = []
    for number in (1, 2, 3):
        told(number)
        lots.append(cores.each(lambda now: (now.start, now.stop), 7 * cores.AT_ONCE + 9))
    assert lots[0] == lots[1] == lots[2]


def test_work_within_a_stretch_waits_for_nobody(told):
    told(2)
    inner = cores.each(lambda _: len(cores.each(lambda now: now, 3 * cores.AT_ONCE)), 4 * cores.AT_ONCE)
    assert inner == [3, 3, 3, 3]


def test_an_error_comes_out(told):
    told(2)
    with pytest.raises(ZeroDivisionError):
        cores.each(lambda now: 1 // (now.start - cores.AT_ONCE), 3 * cores.AT_ONCE)


def test_draws_are_the_same_on_any_number_of_cores(told):
    ids = np.arange(3 * cores.AT_ONCE, dtype=np.uint64)
    drawn = []
    for number in (1, 2):
        told(number)
        drawn.append(Chance(5).uniform("anything", 3, ids))
    assert drawn[0].tobytes() == drawn[1].tobytes()


def test_those_of_whom_it_holds(told):
    told(2)
    rows = np.arange(0, 3 * cores.AT_ONCE, 2)
    assert np.array_equal(cores.those(lambda now: now % 3 == 0, rows), rows[rows % 3 == 0])
    assert cores.those(lambda now: now > 0, rows[:0]).size == 0


@pytest.mark.parametrize("written", ["", "many", "0"])
def test_what_is_no_number_of_cores_means_all_or_one(told, written):
    told(written)
    assert cores.cores() >= 1
