"""Mesa's side of the model: agents that are views of rows, made when somebody looks.

This module and :mod:`parksim.model` are the only ones that know Mesa. Enterprises and amenities are cheap and
made whenever the agents are asked for; so are employees, but only then: a run that nobody looks into never
makes one.
"""

from __future__ import annotations

import copyreg
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from mesa.discrete_space import Cell, CellAgent, OrthogonalMooreGrid, PropertyLayer

from parksim.errors import ParksimError

if TYPE_CHECKING:
    from mesa.agent import AgentSet

    from parksim.table import Current, Table

_OWN = frozenset({"model", "unique_id", "pos", "row", "_mesa_cell", "cell"})


class StaleAgentError(ParksimError):
    """An agent was asked after whoever it stood for had left."""


class RowAgent(CellAgent):  # type: ignore[misc]  # Mesa has no types
    """A Mesa agent whose attributes are one row of a table.

    Attributes
    ----------
    row : int
        Row in the table.
    unique_id : int
        The identity: the same for life, and the same in every scenario of a family.

    Raises
    ------
    StaleAgentError
        On reading or writing an attribute after the row has passed to somebody else.
    """

    table_name = ""
    _tenure: tuple[int, ...]

    def __init__(self, model: AgentSeam, row: int, identity: int) -> None:
        # Mesa's own __init__ counts ids in a class-level dictionary that keeps every model alive.
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "unique_id", identity)
        object.__setattr__(self, "pos", None)
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "_tenure", self._tenure_of(model, row))
        model.register_agent(self)

    @staticmethod
    def _tenure_of(model: AgentSeam, row: int) -> tuple[int, ...]:  # noqa: ARG004
        """Tell one stay of the same identity in the same row from another."""
        return ()

    def _is_in(self, table: Table) -> bool:
        if self.row >= len(table) or int(table.identity[self.row]) != self.unique_id:
            return False
        return self._tenure_of(self.model, self.row) == self._tenure

    def _table(self) -> Table:
        table: Table = self.model._row_table(type(self))  # noqa: SLF001  (the other half of this seam)
        if not self._is_in(table):
            raise StaleAgentError(f"{type(self).__name__} {self.unique_id} is no longer in the park")
        return table

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _OWN:
            raise AttributeError(name)
        view: Current = getattr(self.model, self.table_name)
        value = getattr(self._table(), name)[self.row]
        labels = view.labels(name)
        if labels:
            return labels[value] if value >= 0 else ""
        return value.item() if isinstance(value, np.generic) else value

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name in _OWN:
            object.__setattr__(self, name, value)
            return
        table = self._table()
        labels = getattr(self.model, self.table_name).labels(name)
        getattr(table, name)[self.row] = labels.index(value) if labels and isinstance(value, str) else value

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.unique_id} row {self.row}>"


class Enterprise(RowAgent):
    """A firm."""

    table_name = "enterprises"

    @property
    def employees(self) -> int:
        """People employed now."""
        posts = self.model.posts
        return int(np.count_nonzero(posts.filled & (posts.firm == self.row)))


class Employee(RowAgent):
    """A person on a post; who leaves it and comes back to it is another agent."""

    table_name = "employees"

    @staticmethod
    def _tenure_of(model: AgentSeam, row: int) -> tuple[int, ...]:
        posts, firms = model.posts, model.firms
        return int(posts.fill[row]), int(posts.post[row]), int(firms.identity[posts.firm[row]])

    @property
    def enterprise(self) -> Enterprise:
        """The employer."""
        self._table()
        row = int(self.model.posts.firm[self.row])
        found: Enterprise = self.model._agent_at(Enterprise, row)  # noqa: SLF001
        return found


class Amenity(RowAgent):
    """A place people use; read-only, because it follows from the layout."""

    table_name = "amenities"


class Council(RowAgent):
    """The committee of a community: seats, who sits on them, what is left of the budget, what is asked of it.

    Attributes
    ----------
    seats, taken : int
    cash, cost_year : float
        What is left of the budget, and what its earlier decisions cost a year, CNY.
    open_requests, agenda : int
        Requests in the register, and those that no level of the chain could answer.
    """

    table_name = "councils"

    @property
    def members(self) -> list[Employee | Enterprise]:
        """Who sits, in the order of the benches; who left since the last meeting is left out."""
        self._table()
        model, state = self.model, self.model.council
        people = [bench.side == "employees" for bench in state.benches]
        found = []
        for seat in state.members:
            kind = Employee if people[seat["bench"]] else Enterprise
            table = model.posts if kind is Employee else model.firms
            here = table.filled if kind is Employee else table.active
            if here[seat["row"]] and table.identity[seat["row"]] == seat["identity"]:
                found.append(model._agent_at(kind, int(seat["row"])))  # noqa: SLF001
        return found


class ParkCell(Cell):  # type: ignore[misc]  # Mesa has no types
    """A cell that keeps its neighbourhoods itself: Mesa's global cache would keep the model with them."""

    get_neighborhood = Cell.get_neighborhood.__wrapped__

    def _neighborhood(self, radius: int = 1, include_center: bool = False) -> dict[Cell, list[Any]]:
        known = self.__dict__.setdefault("_neighborhoods", {})
        if (radius, include_center) not in known:
            known[radius, include_center] = Cell._neighborhood.__wrapped__(self, radius, include_center)  # noqa: SLF001
        return known[radius, include_center]  # type: ignore[no-any-return]


class AgentSeam(mesa.Model):  # type: ignore[misc]  # Mesa has no types
    """What Mesa expects of a model, over tables: agents on demand, a grid with property layers, pickling."""

    def __init__(self, *, seed: int) -> None:
        super().__init__(seed=seed)
        self._agents_stale = True
        self._by_row: dict[tuple[type, int], RowAgent] = {}
        self._grid: OrthogonalMooreGrid | None = None

    def _row_table(self, kind: type) -> Table:
        if kind is Employee:
            return self.posts  # type: ignore[no-any-return]
        if kind is Enterprise:
            return self.firms  # type: ignore[no-any-return]
        if kind is Council:
            return self.council_table()  # type: ignore[no-any-return]
        return self.place_table()  # type: ignore[no-any-return]

    def _agent_at(self, kind: type, row: int) -> Any:
        self._materialise()
        return self._by_row[kind, row]

    def _materialise(self) -> None:
        """Make an agent for every row that has none, and remove those whose row has passed on."""
        if not self._agents_stale:
            return
        self._agents_stale = False
        council = self.council_table()
        for kind, rows, identities in (
            (Enterprise, np.flatnonzero(self.firms.active), self.firms.identity),
            (Amenity, np.arange(len(self.layout.amenities)), self.place.code),
            (Council, np.arange(len(council)), council.identity),
            (Employee, np.flatnonzero(self.posts.filled), self.posts.identity),
        ):
            now = {int(row): int(identities[row]) for row in rows}
            table = self._row_table(kind)
            for key in [k for k in self._by_row if k[0] is kind]:
                if key[1] not in now or not self._by_row[key]._is_in(table):  # noqa: SLF001  (this seam)
                    self._by_row.pop(key).remove()
            for row, identity in now.items():
                if (kind, row) not in self._by_row:
                    self._by_row[kind, row] = kind(self, row, identity)
        if self._grid is not None:
            self._put_on_grid()

    @property
    def agents(self) -> AgentSet:
        """Every enterprise, amenity and employee, and the council, as a Mesa agent."""
        self._materialise()
        return self._all_agents

    @property
    def agents_by_type(self) -> dict[type, AgentSet]:
        """The agents by their class."""
        self._materialise()
        return self._agents_by_type  # type: ignore[no-any-return]

    @property
    def agent_types(self) -> list[type]:
        """The classes of agents."""
        self._materialise()
        return list(self._agents_by_type)

    @property
    def grid(self) -> OrthogonalMooreGrid:
        """The park as a Mesa grid of cells (row, column), with its property layers and its agents on it."""
        if self._grid is None:
            park = self.place.drawn.park
            self._grid = OrthogonalMooreGrid(park.shape, random=self.random, cell_klass=ParkCell)
            copyreg.dispatch_table.pop(self._grid.cell_klass, None)  # would keep the layers for ever
            for name in ("use", "floors", "m2", "block", "building"):
                data = np.asarray(getattr(park, name), dtype=np.float64 if name == "m2" else np.int64)
                layer = PropertyLayer(
                    name, park.shape, default_value=data.dtype.type(0), dtype=data.dtype.type
                )
                layer.data[:] = data
                self._grid.add_property_layer(layer)
            self._agents_stale = True
            self._materialise()
        return self._grid

    def _put_on_grid(self) -> None:
        assert self._grid is not None
        for agent in self._by_row.values():
            cell = self._cell_of(agent)
            if agent.cell is not cell:
                agent.cell = cell

    def _cell_of(self, agent: RowAgent) -> Cell:
        """Cell of an agent: the middle of its building, where the amenity stands, the council's hall."""
        assert self._grid is not None
        if isinstance(agent, Amenity):
            return self._grid[self.place.amenity_cell(self.layout.amenities[agent.row])]
        if isinstance(agent, Council):
            halls = [a for a in self.layout.amenities if a.category == "council_hall" and a.outside is None]
            if halls:
                return self._grid[self.place.amenity_cell(halls[0])]
            building = 0
        elif isinstance(agent, Employee):
            building = int(self.place.unit_building[self.posts.unit[agent.row]])
        else:
            building = int(self.firms.building[agent.row])
        cells = self.place.buildings[building].cells
        row, column = divmod(int(cells[len(cells) // 2]), self.place.drawn.park.shape[1])
        return self._grid[row, column]
