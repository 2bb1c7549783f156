"""Whether what enterprises and owners offer to a council is there: their facilities, and rooms in buildings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parksim.errors import nearest
from parksim.scenario.schema import BUILT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parksim.scenario.schema import Layout


def not_there(layout: Layout) -> Iterator[tuple[str, str]]:
    """Say which offers of a layout's governance cannot be taken up, and why.

    Parameters
    ----------
    layout : Layout

    Yields
    ------
    tuple of str
        Name of the offer, and message.
    """
    places = {amenity.name: amenity for amenity in layout.amenities}
    rows, legend = layout.map.rows, layout.map.legend
    for offer in layout.governance.offers:
        if offer.amenity is not None:
            if offer.amenity not in places:
                yield offer.name, f"there is no amenity '{offer.amenity}'{nearest(offer.amenity, places)}"
            continue
        if offer.block is not None:
            cells = layout.map.blocks.get(offer.block)
            if cells is None:
                yield (
                    offer.name,
                    f"there is no block '{offer.block}' on the map{nearest(offer.block, layout.map.blocks)}",
                )
                continue
        else:
            assert offer.cell is not None
            cells = [offer.cell]
        row_column = [(r, c) for r, c in cells if r < len(rows) and c < len(rows[r])]
        built = [
            legend[key] for r, c in row_column if (key := rows[r][c]) in legend and legend[key].use in BUILT
        ]
        if not built:
            where = f"block '{offer.block}'" if offer.block else f"cell {list(offer.cell or ())}"
            yield offer.name, f"{where} has no building: there is no room to offer"
        elif offer.floor > max(symbol.floors for symbol in built):
            yield offer.name, f"floor {offer.floor} of a building with {max(s.floors for s in built)}"
