"""A feed's file as it was given: kept in packed pieces, read from any of its bytes, never whole in memory."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from app.extensions import db
from app.feeds.models import FeedCategory, FeedChunk, FeedRow
from app.feeds.rules import LARGEST, MIB, UNPACKED, Unreadable
from app.installation import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = MIB
MOST_PARTS = 100_000  # packed one behind the other in a file
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


@contextmanager
def unpacked(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a file, unpacked where it was packed with gzip, on disk. Raises Unreadable."""
    if _size(stream) > LARGEST:
        raise Unreadable("size")
    start = stream.read(4)
    stream.seek(0)
    if not start:
        raise Unreadable("empty")
    if start.startswith(ZIP):
        raise Unreadable("packed")
    if not start.startswith(GZIP):
        yield stream
        return
    with tempfile.TemporaryFile(dir=settings().var_dir) as plain:
        _unpack(stream, plain)
        plain.seek(0)
        yield plain


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return size


def _unpack(stream: IO[bytes], plain: IO[bytes]) -> None:
    """Unpack piece by piece; each piece of the answer is bounded, so a bomb is left before it goes off."""
    unpacking, size, parts = zlib.decompressobj(_GZIP_WINDOW), 0, 1
    while data := stream.read(CHUNK):
        while data:
            try:
                piece = unpacking.decompress(data, CHUNK)
            except zlib.error as error:
                raise Unreadable("packed") from error
            size += len(piece)
            if size > UNPACKED:
                raise Unreadable("size")
            plain.write(piece)
            data = unpacking.unconsumed_tail
            if unpacking.eof:
                data = unpacking.unused_data.lstrip(b"\0")
                if data:
                    parts += 1
                    if parts > MOST_PARTS:
                        raise Unreadable("packed")
                    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    if not unpacking.eof:
        raise Unreadable("truncated")


@contextmanager
def plain_text(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a table in an encoding whose lines end at a byte."""
    stream.seek(0)
    start = stream.read(2)
    stream.seek(0)
    if start not in UTF16:
        yield stream
        return
    with tempfile.TemporaryFile(dir=settings().var_dir) as plain:
        text = io.TextIOWrapper(stream, "utf-16", errors="replace", newline="")
        while piece := text.read(CHUNK):
            plain.write(piece.encode("utf-8", "replace"))
        text.detach()
        plain.seek(0)
        yield plain


def keep(load_id: int, stream: IO[bytes]) -> None:
    """Keep a file, piece by piece."""
    stream.seek(0)
    n = 0
    while data := stream.read(CHUNK):
        db.session.execute(
            insert(FeedChunk).values(load_id=load_id, n=n, data=zlib.compress(data, 1))
        )
        n += 1


def digest_of(stream: IO[bytes]) -> tuple[int, str]:
    """Return how long a file is, and the SHA-256 of it."""
    made, size = hashlib.sha256(), 0
    stream.seek(0)
    while data := stream.read(CHUNK):
        made.update(data)
        size += len(data)
    return size, made.hexdigest()


def forget(load_id: int) -> None:
    """Forget a file that was read."""
    db.session.execute(delete(FeedChunk).where(FeedChunk.load_id == load_id))


def emptied(load_id: int) -> None:
    """Forget what stood in a file; what was wrong with it stays."""
    forget(load_id)
    db.session.execute(delete(FeedRow).where(FeedRow.load_id == load_id))
    db.session.execute(delete(FeedCategory).where(FeedCategory.load_id == load_id))


def reopened(load_id: int, size: int) -> IO[bytes]:
    """Return a file that is kept."""
    return io.BufferedReader(_Kept(load_id, size), 64 * 1024)


class _Kept(io.RawIOBase):
    """Reads where its pieces are kept."""

    def __init__(self, load_id: int, size: int) -> None:
        self.load_id, self.size, self.at = load_id, size, 0
        self.piece: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        self.at = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence] + offset
        return self.at

    def tell(self) -> int:
        """Return the byte that comes next."""
        return self.at

    def readinto(self, buffer: Any) -> int:
        """Give what comes next of one piece."""
        n, start = divmod(self.at, CHUNK)
        if self.piece[0] != n:
            query = select(FeedChunk.data).where(
                FeedChunk.load_id == self.load_id, FeedChunk.n == n
            )
            packed = db.session.scalar(query)
            self.piece = (n, zlib.decompress(packed) if packed else b"")
        found = self.piece[1][start : start + len(buffer)]
        buffer[: len(found)] = found
        self.at += len(found)
        return len(found)
