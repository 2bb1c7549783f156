"""Where runs are kept: SQLAlchemy tables, on SQLite or PostgreSQL, and tidy tables read from them."""

from parksim.store.connect import StoreError
from parksim.store.store import Store

__all__ = ["Store", "StoreError"]
