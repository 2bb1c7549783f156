"""Tables of columns: one numpy array per attribute, rows that are reused, handles that go stale.

A row of the posts' table is a **post**; who holds it is (row, fill). Taking a free row is cheap, a
released row is handed out again, and columns grow by half so that growth costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Rows = npt.NDArray[np.intp]


class Table:
    """Columns of equal length.

    Parameters
    ----------
    columns : dict of str to (dtype, fill value)
        What a fresh row holds.
    capacity : int
        Rows to allocate at once.

    Attributes
    ----------
    used : array of bool
        Which rows are in use. Columns are reached as attributes and cover all rows, also unused ones.
    """

    def __init__(self, columns: dict[str, tuple[Any, Any]], capacity: int = 16) -> None:
        self._spec = {name: (np.dtype(dtype), fill) for name, (dtype, fill) in columns.items()}
        self._data = {name: np.full(capacity, fill, dtype) for name, (dtype, fill) in self._spec.items()}
        self._length = 0
        self._free: list[int] = []
        self._columns = {name: column[:0] for name, column in self._data.items()}

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._columns[name]
        except KeyError:
            raise AttributeError(f"no column '{name}'; there are {', '.join(self._spec)}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._spec]

    def __len__(self) -> int:
        return self._length

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._spec)

    def add(self, count: int, **values: Any) -> Rows:
        """Take `count` rows, set their columns, and return their numbers (released rows first)."""
        reused = min(count, len(self._free))
        rows = np.empty(count, dtype=np.intp)
        if reused:
            rows[:reused] = self._free[-reused:][::-1]
            del self._free[-reused:]
        fresh = count - reused
        if fresh:
            rows[reused:] = np.arange(self._length, self._length + fresh)
            self._grow(self._length + fresh)
        for name, (_, fill) in self._spec.items():
            self._columns[name][rows] = values.pop(name, fill)
        if values:
            raise AttributeError(f"no column '{next(iter(values))}'")
        return rows

    def release(self, rows: Rows) -> None:
        """Give rows back; they read as fresh rows until they are taken again."""
        for name, (_, fill) in self._spec.items():
            self._columns[name][rows] = fill
        self._free.extend(int(row) for row in rows)

    def _grow(self, length: int) -> None:
        for name, (dtype, fill) in self._spec.items():
            data = self._data[name]
            if length > len(data):
                larger = np.full(max(length, len(data) * 3 // 2), fill, dtype)
                larger[: len(data)] = data
                self._data[name] = data = larger
            self._columns[name] = data[:length]
        self._length = length

    def __getstate__(self) -> dict[str, Any]:
        return {
            "spec": self._spec,
            "free": self._free,
            "columns": {name: column.copy() for name, column in self._columns.items()},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._spec = state["spec"]
        self._free = list(state["free"])
        self._data = {name: column.copy() for name, column in state["columns"].items()}
        self._columns = dict(self._data)
        self._length = len(next(iter(self._data.values()))) if self._data else 0


class Current:
    """What a user sees of a table: only the rows in use, as columns, without the bookkeeping.

    ``len()`` counts them, an attribute is a numpy column (a copy), :meth:`to_pandas` all of it.
    """

    def __init__(self, table: Table, mask: str, labels: dict[str, tuple[str, ...]] | None = None) -> None:
        self._table = table
        self._mask = mask
        self._labels = labels or {}

    @property
    def rows(self) -> Rows:
        """Row numbers in the table underneath."""
        return np.flatnonzero(getattr(self._table, self._mask))

    def __len__(self) -> int:
        return int(np.count_nonzero(getattr(self._table, self._mask)))

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        column: npt.NDArray[Any] = getattr(self._table, name)[getattr(self._table, self._mask)]
        if name in self._labels:
            named: npt.NDArray[Any] = np.asarray([*self._labels[name], ""], dtype=object)[column]
            return named
        return column

    def labels(self, name: str) -> tuple[str, ...]:
        """Names behind the codes of a column; empty where it holds values."""
        return self._labels.get(name, ())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._table.columns]

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame, one row for each, with names instead of codes."""
        import pandas as pd  # noqa: PLC0415  (slow to import)

        return pd.DataFrame({name: getattr(self, name) for name in self._table.columns if name != self._mask})
