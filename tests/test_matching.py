"""Who is together with whom, against the plain way of finding out."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parksim.matching import cross_table, positions_of

SAME_ENDS = st.integers(0, 40).map(
    lambda n: n << 40
)  # identities that a table by last bits cannot tell apart
IDS = st.one_of(SAME_ENDS, st.integers(0, 2**64 - 1), st.integers(0, 30))


@given(wanted=st.lists(IDS, max_size=40), known=st.lists(IDS, max_size=40, unique=True))
def test_identities_are_found_where_they_stand(wanted, known):
    found = positions_of(np.array(wanted, dtype=np.uint64), np.array(known, dtype=np.uint64))
    assert found.tolist() == [known.index(one) if one in known else -1 for one in wanted]


@pytest.mark.parametrize("together", [True, False])
def test_a_cross_table_counts_pairs_of_labels(together):
    luck = np.random.default_rng(3)
    one, other = luck.integers(0, 30, 900), luck.integers(0, 7, 900)
    if together:
        one, other = np.sort(one), np.sort(other)
    table = cross_table(one, other, (31, 8)).toarray()
    count = Counter(zip(one.tolist(), other.tolist(), strict=True))
    assert table.sum() == 900
    assert all(table[a, b] == count[a, b] for a in range(31) for b in range(8))
