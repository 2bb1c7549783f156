"""Tables: rows are handed out, given back and handed out again; columns keep what they hold."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parksim.table import Current, Table

SPEC = {"identity": (np.uint64, 0), "age": (np.float32, 0), "home": (np.int16, -1), "here": (np.bool_, False)}


def table(**kwargs):
    return Table(SPEC, **kwargs)


def test_a_fresh_table_is_empty_and_knows_its_columns():
    t = table()
    assert len(t) == 0
    assert t.columns == tuple(SPEC)
    assert t.age.dtype == np.float32


def test_what_is_not_said_about_a_new_row_is_its_fill_value():
    t = table()
    rows = t.add(3, age=[30, 40, 50])
    assert rows.tolist() == [0, 1, 2]
    assert t.age.tolist() == [30, 40, 50]
    assert t.home.tolist() == [-1, -1, -1]


def test_released_rows_are_handed_out_first_and_read_as_fresh():
    t = table()
    t.add(4, age=1, home=7)
    t.release(np.array([1, 2]))
    assert t.home.tolist() == [7, -1, -1, 7]
    rows = t.add(3, age=2)
    assert set(rows.tolist()) == {1, 2, 4}
    assert t.age.tolist() == [1, 2, 2, 1, 2]
    assert len(t) == 5


def test_growth_keeps_what_columns_hold():
    t = table(capacity=2)
    for k in range(100):
        t.add(1, identity=k)
    assert t.identity.tolist() == list(range(100))
    assert t.home.tolist() == [-1] * 100


def test_columns_are_the_table_itself_not_copies():
    t = table()
    t.add(2)
    t.age[:] = 9
    assert t.age.tolist() == [9, 9]


def test_an_unknown_column_is_named_with_those_there_are():
    t = table()
    with pytest.raises(AttributeError, match="no column 'heigth'; there are identity, age, home, here"):
        _ = t.heigth
    with pytest.raises(AttributeError, match="no column 'heigth'"):
        t.add(1, heigth=3)


def test_a_table_tells_its_columns_to_a_notebook():
    assert {"age", "add", "release"} <= set(dir(table()))


@pytest.mark.parametrize("again", [lambda t: pickle.loads(pickle.dumps(t)), copy.deepcopy])
def test_a_copy_goes_on_alike_and_apart(again):
    t = table()
    t.add(5, identity=np.arange(5))
    t.release(np.array([3]))
    other = again(t)
    assert other.add(2).tolist() == t.add(2).tolist() == [3, 5]
    other.age[0] = 77
    assert t.age[0] == 0
    assert len(other) == len(t)


def test_an_empty_table_survives_pickling():
    other = pickle.loads(pickle.dumps(table()))
    assert len(other) == 0
    assert other.add(1, age=4).tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["give back"])), max_size=30), st.randoms())
def test_rows_in_use_are_never_handed_out_twice(moves, random):
    t = table(capacity=1)
    held: dict[int, int] = {}
    for number, move in enumerate(moves):
        if move == "give back":
            given_back = random.sample(sorted(held), len(held) // 2)
            t.release(np.array(given_back, dtype=np.intp))
            for row in given_back:
                del held[row]
            continue
        for row in t.add(move, identity=number + 1).tolist():
            assert row not in held
            held[row] = number + 1
    assert {row: int(t.identity[row]) for row in held} == held
    assert len(t) <= sum(m for m in moves if m != "give back")


def test_a_current_view_shows_only_rows_in_use():
    t = table()
    t.add(4, age=[20, 30, 40, 50], here=[True, False, True, True], home=[0, 1, -1, 1])
    now = Current(t, "here", {"home": ("north", "south")})
    assert len(now) == 3
    assert now.rows.tolist() == [0, 2, 3]
    assert now.age.tolist() == [20, 40, 50]
    assert now.home.tolist() == ["north", "", "south"]
    assert now.labels("home") == ("north", "south")
    assert now.labels("age") == ()


def test_a_current_view_as_a_data_frame_has_names_and_no_bookkeeping():
    t = table()
    t.add(2, here=[True, False], home=[1, 0])
    frame = Current(t, "here", {"home": ("north", "south")}).to_pandas()
    assert list(frame.columns) == ["identity", "age", "home"]
    assert frame.home.tolist() == ["south"]


def test_columns_of_a_current_view_are_copies():
    t = table()
    t.add(1, here=True)
    now = Current(t, "here")
    now.age[:] = 50
    assert t.age.tolist() == [0]
    with pytest.raises(AttributeError, match="no column"):
        _ = now.height
