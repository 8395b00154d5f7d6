"""A YML catalogue (Yandex Market), read piece by piece in constant memory, from any of its offers on.

What an XML file may do to its reader is refused: entities and everything else that a document type may declare,
depth, names and tags without end. A document type that is only named ("shops.dtd") is passed over and never fetched.
"""

from __future__ import annotations

import codecs
import re
from typing import IO, Any
from xml.parsers import expat

from app.feeds.rules.kinds import MIB, Category, Mark, Offer, Piece, Unreadable

PIECE = 64 * 1024  # bytes that are given to the parser together
LONGEST_TOKEN = MIB  # bytes of one tag or comment
LONGEST_TEXT = 10_000  # characters of what is read; the rest is left out
DEEPEST = 40
ROOT = "yml_catalog"
WANTED = frozenset(
    {
        *("name", "typePrefix", "vendor", "model", "url", "price", "oldprice", "currencyId"),
        *("categoryId", "picture", "purchase_price", "available"),
    }
)
_DECLARED = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_WHY = {
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]: "truncated",
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN]: "truncated",
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION]: "truncated",
    expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR]: "encoding",
    expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]: "encoding",
    expat.errors.codes[expat.errors.XML_ERROR_INCORRECT_ENCODING]: "encoding",
    expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: "entities",
    expat.errors.codes[expat.errors.XML_ERROR_RECURSIVE_ENTITY_REF]: "entities",
}

_TOKENS = frozenset({expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]})


def encoding_of(start: bytes) -> str:
    """Return how a file says it is written, by its mark or its first line. Raises Unreadable."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le" if start.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    found = _DECLARED.match(start.removeprefix(codecs.BOM_UTF8).lstrip()[:200])
    name = found[1].decode().lower() if found else "utf-8"
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise Unreadable("encoding", 1, name) from error
    return name


def start_of(start: bytes) -> Mark:
    """Return where a file begins, behind empty lines that careless exports put in front."""
    rest = start.removeprefix(codecs.BOM_UTF8)
    empty = rest[: len(rest) - len(rest.lstrip())]
    if not empty or start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Mark()
    return Mark(len(start) - len(rest) + len(empty), 1 + empty.count(b"\n"))


def read_on(stream: IO[bytes], encoding: str, mark: Mark, until: int) -> Piece:
    """Read from a mark to the first offer that begins behind a byte. Raises Unreadable."""
    reader = _Reader(encoding, mark, until)
    stream.seek(mark.offset)
    try:
        reader.begin()
        while data := stream.read(PIECE):
            reader.feed(data)
        reader.end()
    except _Enough:
        pass
    except expat.ExpatError as error:
        raise reader.read_why(error) from error
    except ValueError as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("encoding", reader.line(), encoding) from error
    return reader.piece


class _Enough(Exception):
    """The piece is whole."""


class _Reader:
    """One piece under way; goes on in the middle of a file as if its beginning had been read."""

    def __init__(self, encoding: str, mark: Mark, until: int) -> None:
        self.encoding, self.mark, self.until = encoding, mark, until
        self.piece = Piece()
        self.open: list[str] = []
        self.offer: Offer | None = None
        self.category: dict[str, str] | None = None
        self.text: list[str] = []
        self.length = self.fed = 0
        self.prefix = self.last = b""
        self.parser = self._parser()

    def _parser(self) -> Any:
        made = expat.ParserCreate("utf-16" if self.encoding.startswith("utf-16") else None)
        made.buffer_text = True
        made.StartElementHandler = self._start
        made.EndElementHandler = self._end
        made.StartDoctypeDeclHandler = self._doctype
        refused = ("EntityDeclHandler", "AttlistDeclHandler", "ElementDeclHandler")
        for name in (*refused, "NotationDeclHandler", "UnparsedEntityDeclHandler"):
            setattr(made, name, self._declared)
        return made

    def begin(self) -> None:
        """Open what is open where reading goes on."""
        if not self.mark.path:
            return
        head = "" if self.encoding.startswith("utf-16") else self.encoding
        text = f'<?xml version="1.0" encoding="{head}"?>' if head else "\ufeff"
        self.prefix = (text + "".join(f"<{tag}>" for tag in self.mark.path)).encode(self.encoding)
        self.parser.Parse(self.prefix, False)  # noqa: FBT003 - the library's own signature

    def feed(self, data: bytes) -> None:
        """Read some bytes."""
        self.last = data
        self.parser.Parse(data, False)  # noqa: FBT003
        self.fed += len(data)
        if self.fed + len(self.prefix) - self.parser.CurrentByteIndex > LONGEST_TOKEN + PIECE:
            raise Unreadable("long", self.line())

    def end(self) -> None:
        """Read the end."""
        self.parser.Parse(b"", True)  # noqa: FBT003

    def line(self) -> int:
        """Return the line that is read."""
        number: int = self.parser.CurrentLineNumber
        return self.mark.line + number - 1

    def read_why(self, error: expat.ExpatError) -> Unreadable:
        """Say what an error of the parser means."""
        why = _WHY.get(error.code, "malformed")
        if why == "malformed" and error.code in _TOKENS and self._is_misdeclared():
            why = "encoding"
        return Unreadable(why, self.mark.line + error.lineno - 1)

    def _is_misdeclared(self) -> bool:
        """Tell whether it is a letter that cannot be read, not a sign out of place."""
        place: int = self.parser.ErrorByteIndex - len(self.prefix) - self.fed
        return 0 <= place < len(self.last) and self.last[place] > 127

    def _here(self) -> int:
        index: int = self.parser.CurrentByteIndex
        return self.mark.offset + index - len(self.prefix)

    def _doctype(self, *said: Any) -> None:
        if said[-1]:  # it says more than its name
            raise Unreadable("dtd", self.line())

    def _declared(self, *_said: Any) -> None:
        raise Unreadable("entities", self.line())

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        path = self.open
        if not path and tag != ROOT:
            raise Unreadable("html" if tag.lower() == "html" else "root", self.line(), tag[:60])
        if len(path) >= DEEPEST:
            raise Unreadable("deep", self.line())
        if self.offer is None and self.category is None:
            above = path[-1] if path else ""
            if tag == "offer" and above == "offers":
                self._next()
                self.offer = Offer(self.line(), _short(attributes, ("id", "available")))
            elif tag == "category" and above == "categories":
                self._next()
                self.category = _short(attributes, ("id", "parentId"))
                self._listen()
        elif tag in WANTED and path[-1] == "offer" and self.offer and tag not in self.offer.said:
            self._listen()
        path.append(tag)

    def _next(self) -> None:
        """End the piece where enough was read."""
        if (self.piece.offers or self.piece.categories) and self._here() >= self.until:
            self.piece.mark = Mark(self._here(), self.line(), tuple(self.open))
            raise _Enough

    def _end(self, tag: str) -> None:
        self.open.pop()
        if self.offer is not None:
            if tag == "offer" and self.open[-1] == "offers":
                self.piece.offers.append(self.offer)
                self.offer = None
            elif tag in WANTED and self.open[-1] == "offer" and tag not in self.offer.said:
                self.offer.said[tag] = self._heard()
        elif self.category is not None and tag == "category":
            said, self.category = self.category, None
            self.piece.categories.append(
                Category(self.line(), said.get("id", ""), self._heard(), said.get("parentId", ""))
            )

    def _listen(self) -> None:
        self.text, self.length = [], 0
        self.parser.CharacterDataHandler = self._hear

    def _hear(self, text: str) -> None:
        if self.length <= LONGEST_TEXT:
            self.text.append(text)
            self.length += len(text)

    def _heard(self) -> str:
        self.parser.CharacterDataHandler = None
        return "".join(self.text)[:LONGEST_TEXT].strip()


def _short(attributes: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: attributes[name].strip() for name in names if name in attributes}
