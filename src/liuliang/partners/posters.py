"""Posters that partners send on: a material's words and picture, its product, and the partner's code, as PNG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont, ImageOps
from pylopdf_fonts_zh_cn import sans_path, serif_path

from liuliang.loyalty.certificates import drawable

WIDTH = 1080
"""Pixels: what a phone shows without making it smaller or larger."""

TALLEST_PICTURE = 1080
"""Pixels of the picture's height; of a taller one the middle is shown."""

_PAPER, _INK, _SOFT, _ACCENT, _LINE = "#ffffff", "#1f2430", "#565b66", "#1677ff", "#e4e7ec"
_MARGIN = 72
_ROOM = WIDTH - 2 * _MARGIN
_GAP = 28
_CODE, _FOOT, _PRICE = 264, 420, 300
_LEADING = 1.5
_QUIET = 4

_MARKS = re.compile("[\u200b-\u200f\u2060\ufe00-\ufe0f\U000e0000-\U000e01ef]")
"""What joins and colours emoji: without them it would be drawn as boxes."""

_UNIT = re.compile(r"[（《“‘「【]*(?:[^\s\u2e80-\uffef]+|\s|.)[，。！？；：、）》”’」】…]*", re.DOTALL)
"""What stays on one line: a word of letters, or a single Chinese character, with the marks that may not be parted from it."""


@dataclass(frozen=True, slots=True)
class Poster:
    """What stands on a poster; every text is already filled in and in the reader's language.

    ``picture`` is JPEG made anew, None for none. ``invitation`` stands above the ``code``, ``price`` beside the ``product``;
    with a ``link`` there is a code to scan, and ``hint`` below it.
    """

    title: str
    text: str
    name: str
    code: str
    invitation: str
    product: str = ""
    price: str = ""
    link: str = ""
    hint: str = ""
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines in one face, size and colour, with the room above them."""

    lines: list[str]
    face: Path
    size: int
    colour: str

    @property
    def height(self) -> int:
        return round(_GAP + len(self.lines) * self.size * _LEADING) if self.lines else 0

    def write(self, draw: ImageDraw.ImageDraw, y: int) -> int:
        """Write the lines below ``y``; return where they end."""
        font = _font(self.face, self.size)
        for number, line in enumerate(self.lines):
            place = (_MARGIN, y + _GAP + (number + 0.5) * self.size * _LEADING)
            draw.text(place, line, font=font, fill=self.colour, anchor="lm")
        return y + self.height


def draw_poster(poster: Poster) -> bytes:
    """Draw a poster as PNG, as tall as its words ask for. What does not fit is cut with an ellipsis; emoji are left out."""
    title = _Block(_lines(poster.title, serif_path(), 64, most=2), serif_path(), 64, _INK)
    words = _Block(_lines(poster.text, sans_path(), 38, most=14), sans_path(), 38, _SOFT)
    room = _ROOM - (_PRICE if poster.price else 0)
    sold = _Block(_lines(poster.product, sans_path(), 42, most=2, room=room), sans_path(), 42, _INK)
    top = _fitted(poster.picture)
    start = top.height if top else _GAP
    image = Image.new("RGB", (WIDTH, start + title.height + words.height + sold.height + _FOOT), _PAPER)
    draw = ImageDraw.Draw(image)
    if top:
        image.paste(top, (0, 0))
    else:
        draw.rectangle([0, 0, WIDTH, start], fill=_ACCENT)
    y = words.write(draw, title.write(draw, start))
    if sold.lines and poster.price:
        place = (WIDTH - _MARGIN, y + _GAP + sold.size * _LEADING / 2)
        draw.text(place, poster.price, font=_font(sans_path(), 46), fill=_ACCENT, anchor="rm")
    _foot(image, draw, poster, sold.write(draw, y) + 40)
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _foot(image: Image.Image, draw: ImageDraw.ImageDraw, poster: Poster, y: int) -> None:
    draw.line([(_MARGIN, y), (WIDTH - _MARGIN, y)], fill=_LINE, width=2)
    room = _ROOM - (_CODE + 40 if poster.link else 0)
    draw.text((_MARGIN, y + 70), poster.invitation, font=_font(sans_path(), 34), fill=_SOFT, anchor="lm")
    size = 92
    while size > 30 and _font(sans_path(), size).getlength(poster.code) > room:
        size -= 4
    draw.text((_MARGIN, y + 160), poster.code, font=_font(sans_path(), size), fill=_ACCENT, anchor="lm")
    for line in _lines(poster.name, sans_path(), 36, most=1, room=room):
        draw.text((_MARGIN, y + 256), line, font=_font(sans_path(), 36), fill=_INK, anchor="lm")
    if not poster.link:
        return
    left = WIDTH - _MARGIN - _CODE
    code = _scannable(poster.link)
    image.paste(code, (left + (_CODE - code.width) // 2, y + 24 + (_CODE - code.height) // 2))
    place = (left + _CODE / 2, y + 24 + _CODE + 28)
    draw.text(place, poster.hint, font=_font(sans_path(), 30), fill=_SOFT, anchor="mm")


def _scannable(link: str) -> Image.Image:
    """Return a code that leads to an address, with the quiet zone of four modules that ISO/IEC 18004 asks for.

    Modules are whole pixels: edges that are blurred are what a chat's compression makes unreadable first.
    """
    code = segno.make(link, error="m", micro=False)
    side, _height = code.symbol_size(border=_QUIET)
    drawn = io.BytesIO()
    code.save(drawn, kind="png", scale=max(1, _CODE // side), border=_QUIET)
    with Image.open(drawn) as picture:
        return picture.convert("RGB")


def _fitted(picture: bytes | None) -> Image.Image | None:
    if picture is None:
        return None
    with Image.open(io.BytesIO(picture), formats=("JPEG",)) as read:
        height = min(TALLEST_PICTURE, max(1, round(read.height * WIDTH / read.width)))
        return ImageOps.fit(read.convert("RGB"), (WIDTH, height))


def _lines(text: str, face: Path, size: int, *, most: int, room: int = _ROOM) -> list[str]:
    """Break a text into lines that fit; the last of ``most`` ends with an ellipsis where more would follow."""
    font = _font(face, size)
    found: list[str] = []
    for line in _broken(text, font, room):
        if len(found) == most:
            last = found[-1]
            while last and font.getlength(f"{last}…") > room:
                last = last[:-1]
            found[-1] = f"{last}…"
            break
        found.append(line)
    return found


def _broken(text: str, font: ImageFont.FreeTypeFont, room: int) -> Iterator[str]:
    paragraphs = (drawable(_MARKS.sub("", one)) for one in text.splitlines())
    for paragraph in filter(None, paragraphs):
        line = ""
        for unit in _UNIT.findall(paragraph):
            if line and font.getlength(line + unit.rstrip()) > room:
                yield line.rstrip()
                line = ""
            for letter in unit if font.getlength(unit) > room else (unit,):
                if line and font.getlength(line + letter) > room:
                    yield line.rstrip()
                    line = ""
                line += letter if line else letter.lstrip()
        yield line.rstrip()


def _font(face: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face, size)
