"""Pictures that come from outside: bounded, decoded, and made anew, so that nothing but the picture is kept."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from liuliang.kernel.errors import Refused

LARGEST = 2 * 1024 * 1024
"""Bytes of a file."""

PIXELS = 40_000_000
"""Pixels of a picture before it is decoded: a small file can hold a very large one."""

LONGEST_EDGE = 1_600
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture as it is kept: JPEG bytes and its size in pixels."""

    data: bytes
    width: int
    height: int


def made_anew(sent: bytes) -> Kept:
    """Decode a picture and encode it again: turned upright, at most `LONGEST_EDGE` long, without metadata.

    Raises:
        Refused: ``picture.large`` or ``picture.unreadable``.
    """
    if len(sent) > LARGEST:
        raise Refused("picture.large", most=LARGEST // 1024 // 1024)
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                raise Refused("picture.large", most=LARGEST // 1024 // 1024)
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Refused("picture.unreadable") from error
    flat = Image.new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    flat.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
    written = io.BytesIO()
    flat.save(written, "JPEG", quality=QUALITY, optimize=True)
    return Kept(written.getvalue(), flat.width, flat.height)
