"""Uploaded pictures, drawn anew: what is kept has pixels and nothing else of what was sent.

Metadata (place, camera, owner), colour profiles, bytes behind the picture's end and whatever a file
pretends to be besides are gone. Animations of GIF and WebP stay: banners move. Of an animated PNG the
first frame stays.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageOps, ImageSequence

from app.creatives.rules import BIGGEST_PICTURE, FileError, picture_format

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SIDE = 8000  # pixels
MOST_PIXELS = 16_000_000  # of one frame
MOST_FRAMES, MOST_FRAME_PIXELS = 100, 60_000_000
DEFAULT_PAUSE = 100  # milliseconds
BIGGEST_RESULT = 2 * BIGGEST_PICTURE
MOVING = frozenset({"GIF", "WEBP"})
ENDINGS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}
BROKEN = (
    OSError,  # also what is no picture at all
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: its bytes, media type, ending, and size in pixels."""

    data: bytes
    media_type: str
    extension: str
    width: int
    height: int


def redraw(data: bytes) -> Picture:
    """Return an uploaded picture drawn anew in its own format.

    Raises FileError: empty, too_big, svg, not_a_picture, too_many_pixels, too_many_frames.
    """
    kind = picture_format(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[kind]) as image:
                _refuse_large(image)
                drawn, size = _draw(image, kind)
    except FileError:
        raise
    except BROKEN as error:
        raise FileError("not_a_picture") from error
    if len(drawn) > BIGGEST_RESULT:
        raise FileError("too_big")
    return Picture(drawn, Image.MIME[kind], ENDINGS[kind], *size)


def _refuse_large(image: Image.Image) -> None:
    """Look at what the header says before a single pixel is unpacked."""
    width, height = image.size
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise FileError("too_many_pixels")


def _draw(image: Image.Image, kind: str) -> tuple[bytes, tuple[int, int]]:
    frames, pauses = [], []
    for frame in _frames(image, kind):
        frames.append(_bare(frame, kind))
        pauses.append(max(20, int(frame.info.get("duration") or DEFAULT_PAUSE)))
    out, first = BytesIO(), frames[0]
    if len(frames) > 1:
        more: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": pauses}
        more |= {"loop": 0, "disposal": 2} if kind == "GIF" else {"loop": 0}
    elif kind == "JPEG":
        more = {"quality": 88, "optimize": True, "progressive": True}
    else:
        more = {"optimize": True} if kind == "PNG" else {}
    if kind == "WEBP":
        more |= {"quality": 88, "method": 4}
    first.save(out, kind, **more)
    return out.getvalue(), first.size


def _frames(image: Image.Image, kind: str) -> Iterator[Image.Image]:
    """Yield the frames, one by one, so that a film of thousands is refused before it is unpacked."""
    if kind not in MOVING:
        image.load()
        yield image
        return
    for number, frame in enumerate(ImageSequence.Iterator(image), start=1):
        if number > MOST_FRAMES or number * image.width * image.height > MOST_FRAME_PIXELS:
            raise FileError("too_many_frames")
        frame.load()
        yield frame


def _bare(frame: Image.Image, kind: str) -> Image.Image:
    """Return a frame's pixels alone, turned as its camera meant."""
    turned = ImageOps.exif_transpose(frame)
    clear = turned.has_transparency_data and kind != "JPEG"
    grey = turned.mode in {"1", "L"} and not clear
    bare = turned.convert("RGBA" if clear else "L" if grey else "RGB")
    if bare is frame:
        bare = frame.copy()
    bare.info = {}
    return bare
