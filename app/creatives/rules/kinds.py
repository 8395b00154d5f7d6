"""Kinds of creatives, when partners see one, and what an uploaded file is by its own bytes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

MIB = 2**20
BIGGEST_PICTURE = 5 * MIB  # bytes, as uploaded
BIGGEST_FILE = 20 * MIB
BIGGEST_BODY = 24 * MIB  # of one upload, all its files together
MOST_FILES = 20
LONGEST_NAME, LONGEST_TEXT, LONGEST_HTML = 120, 5_000, 50_000  # characters
LONGEST_FILENAME = 80
# As people call them, each in itself: what a material's words are written in.
LANGUAGES = {
    "en": "English",
    "ru": "Русский",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "pt": "Português",
    "pt-BR": "Português (Brasil)",
    "pl": "Polski",
    "lv": "Latviešu",
    "ro": "Română",
}


class Kind(StrEnum):
    """What a creative is; a banner and a file have a file, a letter and HTML have HTML."""

    BANNER = "banner"
    TEXT = "text"
    LETTER = "letter"
    FILE = "file"
    HTML = "html"

    @property
    def has_file(self) -> bool:
        """True where an uploaded file is the thing itself."""
        return self in {Kind.BANNER, Kind.FILE}

    @property
    def has_html(self) -> bool:
        """True where there is HTML to be looked at."""
        return self in {Kind.LETTER, Kind.HTML}


class State(StrEnum):
    """Whether partners see a creative, and if not, why."""

    ON = "on"
    COMING = "coming"
    OVER = "over"
    OFF = "off"
    ARCHIVED = "archived"


def state_of(
    at: datetime,
    *,
    shown: bool,
    archived: bool,
    valid_from: datetime | None,
    valid_to: datetime | None,
) -> State:
    """Return whether partners see a creative at a moment; its end is not included."""
    if archived:
        return State.ARCHIVED
    if not shown:
        return State.OFF
    if valid_from is not None and at < valid_from:
        return State.COMING
    return State.OVER if valid_to is not None and at >= valid_to else State.ON


class FileError(ValueError):
    """A file is not taken; `code` says why."""

    def __init__(self, code: str) -> None:
        """Codes: empty, too_big, svg, not_a_picture, too_many_pixels, too_many_frames, not_a_file."""
        super().__init__(code)
        self.code = code


def picture_format(data: bytes) -> str:
    """Return PNG, JPEG, WEBP or GIF by a file's first bytes, whatever its name says. Raises FileError."""
    _refuse_size(data, BIGGEST_PICTURE)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "GIF"
    head = data[:4096].replace(b"\x00", b"").lower()
    raise FileError("svg" if b"<svg" in head else "not_a_picture")


def file_type(data: bytes) -> tuple[str, str]:
    """Return media type and extension of a PDF or ZIP by its first bytes. Raises FileError."""
    _refuse_size(data, BIGGEST_FILE)
    if data.startswith(b"%PDF-"):
        return "application/pdf", "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "application/zip", "zip"
    raise FileError("not_a_file")


def _refuse_size(data: bytes, most: int) -> None:
    if not data:
        raise FileError("empty")
    if len(data) > most:
        raise FileError("too_big")


def name_of_file(filename: str) -> str:
    """Return what a file's name says, without folders, its ending, and signs that mislead or break names."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    plain = unicodedata.normalize("NFC", last)
    kept = "".join(c if c.isalnum() or c in " -_()+,.'" else " " for c in plain)
    stem, dot, ending = kept.rpartition(".")
    words = " ".join((stem if dot and len(ending) <= 5 else kept).split()).strip(".")
    return words[:LONGEST_FILENAME].strip()


def download_name(filename: str, extension: str) -> str:
    """Return the name under which a file is saved; its ending is that of what it is."""
    return f"{name_of_file(filename) or 'file'}.{extension}"


def size_name(width: int | None, height: int | None) -> str:
    """Return the pixels as people write them; empty where there are none."""
    return f"{width}×{height}" if width and height else ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a creative brought: shows, clicks of people, and sales that stand."""

    shows: int = 0
    clicks: int = 0
    sales: int = 0

    @property
    def conversion(self) -> Decimal | None:
        """Sales for a hundred clicks, to two decimals; None without a click."""
        if not self.clicks:
            return None
        return (Decimal(100 * self.sales) / self.clicks).quantize(Decimal("0.01"))

    def __add__(self, other: Counts) -> Counts:
        """Sum both."""
        return Counts(
            self.shows + other.shows, self.clicks + other.clicks, self.sales + other.sales
        )
