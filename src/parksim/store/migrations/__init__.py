"""Versions of the store's tables; run by :class:`parksim.store.Store` when it opens an older store."""

HEAD = "0001"
"""The version this release writes: the newest in ``versions/``."""
