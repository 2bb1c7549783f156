"""A run's tables as bytes and back, to the bit: what workers send, what the store keeps."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FAST = 1  # floats hardly shrink further at higher levels, and time is what a sweep lacks


@dataclass(frozen=True, slots=True)
class Packed:
    """Monthly series and groups of one run.

    Attributes
    ----------
    labels : bytes
        Compressed names of columns and rows; the same for all runs of a scenario, so kept once.
    data : bytes
        Compressed floats.
    """

    labels: bytes
    data: bytes


def pack(series: pd.DataFrame, groups: pd.DataFrame) -> Packed:
    """Pack monthly series (a column an indicator) and groups (``indicator, group, n, value``)."""
    labels = json.dumps(
        {
            "months": [int(month) for month in series.index],
            "series": [str(name) for name in series.columns],
            "indicator": groups["indicator"].astype(str).tolist(),
            "group": groups["group"].astype(str).tolist(),
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    floats = np.concatenate(
        [
            series.to_numpy(np.float64).T.ravel(),
            groups["n"].to_numpy(np.float64),
            groups["value"].to_numpy(np.float64),
        ]
    )
    return Packed(_compressed(labels), zlib.compress(_one_nan(floats).tobytes(), _FAST))


def unpack_series(packed: Packed) -> pd.DataFrame:
    """Return the monthly series: index ``month``, a column an indicator."""
    labels, floats = _read(packed)
    months, names = labels["months"], labels["series"]
    block = floats[: len(months) * len(names)].reshape(len(names), len(months))
    return pd.DataFrame(block.T.copy(), index=pd.Index(months, name="month"), columns=names)


def unpack_groups(packed: Packed) -> pd.DataFrame:
    """Return the groups: columns ``indicator, group, n, value``."""
    labels, floats = _read(packed)
    rows = len(labels["group"])
    n, value = floats[floats.size - 2 * rows : floats.size - rows], floats[floats.size - rows :]
    return pd.DataFrame(
        {
            "indicator": labels["indicator"],
            "group": labels["group"],
            "n": n.copy(),
            "value": value.copy(),
        }
    )


def pack_frame(frame: pd.DataFrame) -> bytes:
    """Pack any table of numbers and texts, as the event log."""
    columns: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        numbers = column.dtype.kind in "biuf"
        columns[str(name)] = column.to_numpy() if numbers else column.to_numpy().astype(np.str_)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **columns)
    return buffer.getvalue()


def unpack_frame(data: bytes) -> pd.DataFrame:
    """Return what :func:`pack_frame` packed."""
    return pd.DataFrame(
        {
            name: column.astype(object) if column.dtype.kind == "U" else column
            for name, column in unpack_arrays(data).items()
        }
    )


def unpack_arrays(
    data: bytes, names: Sequence[str] | None = None
) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
    """Return some columns (or all) of what :func:`pack_frame` packed, texts as numpy's: quicker than a frame."""
    with np.load(io.BytesIO(data), allow_pickle=False) as columns:
        return {name: columns[name] for name in names or columns.files}


def digest(indicators: Mapping[str, float], packed: Packed) -> str:
    """Return a fingerprint of everything a run says: equal if and only if it agrees to the bit."""
    names = sorted(indicators)
    values = _one_nan(np.array([indicators[name] for name in names], dtype=np.float64))
    state = hashlib.blake2b("\n".join(names).encode(), digest_size=16)
    state.update(values.tobytes())
    state.update(zlib.decompress(packed.labels))
    state.update(zlib.decompress(packed.data))
    return state.hexdigest()


def _one_nan(x: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    # nan has many bit patterns that mean the same
    return np.where(np.isnan(x), np.nan, x)


@lru_cache(maxsize=64)
def _compressed(text: str) -> bytes:
    return zlib.compress(text.encode())


@lru_cache(maxsize=64)
def _labels(labels: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(zlib.decompress(labels))
    return read


def _read(packed: Packed) -> tuple[dict[str, Any], np.ndarray[Any, np.dtype[np.float64]]]:
    return _labels(packed.labels), np.frombuffer(zlib.decompress(packed.data), dtype=np.float64)
