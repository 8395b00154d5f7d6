"""Banners of the demo, drawn: a lamp that shines, and books on a shelf. No words, so any language reads them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable

NIGHT, LIGHT, BRASS, SHADE = "#1d2733", "#ffe9a8", "#c79a3b", "#2f7d5b"
WALL, WOOD = "#f4efe6", "#8a6a45"
SPINES = ("#b5483a", "#2f5d7d", "#d9a441", "#4b7f52", "#6b4a75", "#c96f4a")
OVER = 4  # drawn so many times as large, for edges without steps


def lamp(width: int, height: int) -> bytes:
    """Return a picture of a lamp as PNG."""
    return _drawn(width, height, NIGHT, _lamp)


def books(width: int, height: int) -> bytes:
    """Return a picture of books on a shelf as PNG."""
    return _drawn(width, height, WALL, _books)


def _drawn(
    width: int, height: int, ground: str, draw: Callable[[ImageDraw.ImageDraw, int, int], None]
) -> bytes:
    picture = Image.new("RGB", (width * OVER, height * OVER), ground)
    draw(ImageDraw.Draw(picture), width * OVER, height * OVER)
    written = io.BytesIO()
    picture.resize((width, height), Image.Resampling.LANCZOS).save(written, "PNG")
    return written.getvalue()


def _lamp(pen: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """Draw the lamp's light first, then its shade, stem and foot over it."""
    middle, top, unit = width // 2, height // 5, min(height // 10, width // 8)
    pen.polygon(
        [
            (middle - unit, top),
            (middle + unit, top),
            (middle + 6 * unit, height),
            (middle - 6 * unit, height),
        ],
        LIGHT,
    )
    pen.rectangle((middle - unit // 6, top, middle + unit // 6, height - unit), BRASS)
    pen.polygon(
        [
            (middle - unit, top),
            (middle + unit, top),
            (middle + 3 * unit, top + 3 * unit),
            (middle - 3 * unit, top + 3 * unit),
        ],
        SHADE,
    )
    pen.ellipse(
        (middle - 2 * unit, height - 3 * unit // 2, middle + 2 * unit, height - unit // 2), BRASS
    )


def _books(pen: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """Draw books of six colours and heights beside each other, as many as there is room for."""
    shelf, thick = height * 5 // 6, min(height // 9, width // 7)
    for place, left in enumerate(range(thick, width - 2 * thick, thick)):
        tall = height * (50 + (place * 37) % 25) // 100
        spine = (left, shelf - tall, left + thick * 9 // 10, shelf)
        pen.rectangle(spine, SPINES[place % len(SPINES)])
        band = shelf - tall * 4 // 5
        pen.rectangle((spine[0], band, spine[2], band + thick // 5), WALL)
    pen.rectangle((0, shelf, width, shelf + thick // 2), WOOD)
