"""Small pictures of awards and achievements, drawn anew: nothing of what was sent is kept but pixels."""

from __future__ import annotations

import io

from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import DomainError, FieldError

BIGGEST_PICTURE = 2_000_000  # bytes
MOST_PIXELS = 16_000_000
SIDE = 160
FORMATS = ("PNG", "JPEG", "WEBP")


def draw(body: bytes) -> bytes:
    """Return a picture as a square PNG of its middle. Raises DomainError for what is none."""
    if len(body) > BIGGEST_PICTURE:
        raise _refused(_("This file is too large."))
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise _refused(_("This picture is too large to be drawn."))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as error:
        raise _refused(_("Choose a picture: JPEG, PNG or WebP.")) from error
    drawn, made = ImageOps.fit(upright, (SIDE, SIDE)), io.BytesIO()
    drawn.save(made, "PNG", optimize=True)
    return made.getvalue()


def _refused(words: str) -> DomainError:
    return DomainError("invalid_picture", words, FieldError("picture", words))
