"""Sets of members as the engine hands them over: rows of ``groupBitmapState`` columns, read without a Python object a member.

ClickHouse writes a set of up to 32 numbers as they are, and a larger one as a portable roaring bitmap (its
RoaringBitmapWithSmallSet): a byte that says which, a variable-length size, and the numbers or the bitmap.
"""

from __future__ import annotations

import array
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

_SMALL = 0


def read_row(raw: bytes) -> list[BitMap]:
    """Return the sets of one row of bitmap states."""
    found: list[BitMap] = []
    at = 0
    while at < len(raw):
        form = raw[at]
        size, at = _length(raw, at + 1)
        if form == _SMALL:
            found.append(from_numbers(raw[at : at + 4 * size]))
            at += 4 * size
        else:
            found.append(BitMap.deserialize(raw[at : at + size]))
            at += size
    return found


def from_ids(ids: NDArray[Any]) -> BitMap:
    """Return the set of some numbers below 2**32: ten times as fast as the set of an array."""
    return from_numbers(np.sort(ids).astype("<u4").tobytes())


def from_numbers(raw: bytes) -> BitMap:
    """Return the set of the little-endian UInt32 numbers in ``raw``."""
    numbers = array.array("I")
    numbers.frombytes(raw)
    if sys.byteorder == "big":
        numbers.byteswap()
    return BitMap(numbers)


def _length(raw: bytes, at: int) -> tuple[int, int]:
    size = shift = 0
    while True:
        byte = raw[at]
        at += 1
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            return size, at
        shift += 7
