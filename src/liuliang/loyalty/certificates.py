"""Certificates as pictures: who was honoured for what, drawn with Pillow in Noto's Chinese typefaces."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path, serif_path

WIDTH, HEIGHT = 1600, 1131
"""Pixels: the sides of A4 lying down."""

SMALLEST = 26
"""The smallest size of letters, in pixels."""

_PAPER, _INK, _SOFT, _GOLD = "#fffdf7", "#1f2430", "#6b6f7a", "#b8893b"
_MARGIN = 60
_ROOM = WIDTH - 4 * _MARGIN

_UNDRAWN = {"So", "Cn", "Co", "Cs", "Cc"}
"""Categories of characters (Unicode, general category) that the typefaces have no picture for, emoji above all."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What stands on a certificate, from the top down; every text is already in the reader's language."""

    title: str
    name: str
    honour: str
    text: str
    issuer: str
    day: str


def draw_certificate(certificate: Certificate) -> bytes:
    """Draw a certificate as PNG. Texts too long for a line are set smaller, then cut; what cannot be drawn is left out."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    _frame(draw)
    _line(draw, certificate.title, 210, 84, face=serif_path(), colour=_GOLD)
    _line(draw, certificate.name, 420, 104, face=serif_path(), colour=_INK)
    draw.line([(WIDTH / 2 - 260, 500), (WIDTH / 2 + 260, 500)], fill=_GOLD, width=2)
    _line(draw, certificate.honour, 610, 64, face=serif_path(), colour=_INK)
    _line(draw, certificate.text, 720, 36, face=sans_path(), colour=_SOFT)
    _line(draw, certificate.issuer, 900, 40, face=serif_path(), colour=_INK)
    _line(draw, certificate.day, 965, 32, face=sans_path(), colour=_SOFT)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def drawable(text: str) -> str:
    """Return what of a text the typefaces can draw."""
    return "".join(letter for letter in text if unicodedata.category(letter) not in _UNDRAWN).strip()


def _frame(draw: ImageDraw.ImageDraw) -> None:
    for inset, width in ((_MARGIN, 4), (_MARGIN + 16, 1)):
        draw.rectangle([inset, inset, WIDTH - inset, HEIGHT - inset], outline=_GOLD, width=width)
    for x in (_MARGIN + 16, WIDTH - _MARGIN - 16):
        for y in (_MARGIN + 16, HEIGHT - _MARGIN - 16):
            draw.regular_polygon((x, y, 14), n_sides=4, fill=_GOLD)


def _line(draw: ImageDraw.ImageDraw, text: str, y: int, size: int, *, face: Path, colour: str) -> None:
    """Write a line in the middle, as large as it fits and no larger than ``size``."""
    text = drawable(text)
    if not text:
        return
    font = ImageFont.truetype(face, size)
    wide = font.getlength(text)
    if wide > _ROOM:
        font = ImageFont.truetype(face, max(SMALLEST, int(size * _ROOM / wide)))
    if font.getlength(text) > _ROOM:
        while font.getlength(f"{text}…") > _ROOM:
            text = text[:-1]
        text = f"{text}…"
    draw.text((WIDTH / 2, y), text, font=font, fill=colour, anchor="mm")
