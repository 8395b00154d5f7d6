"""What may be asked, how far a question is, and which addresses it may carry."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

from app.lifecycle import Lifecycle

LONGEST = 5_000  # characters of one line
MOST_OPEN = 20  # questions of one asker that wait
MOST_LINES = 200  # of a thread
LONGEST_PAGE = 300


class Kind(StrEnum):
    """What somebody wants of help."""

    SUPPORT = "support"
    SETUP = "setup"
    IDEA = "idea"


class State(StrEnum):
    """Whose turn it is."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


# ask: who asked adds a line; answer: who helps does.
LIFECYCLE = Lifecycle(
    {
        (State.OPEN, "ask"): State.OPEN,
        (State.ANSWERED, "ask"): State.OPEN,
        (State.CLOSED, "ask"): State.OPEN,
        (State.OPEN, "answer"): State.ANSWERED,
        (State.ANSWERED, "answer"): State.ANSWERED,
        (State.OPEN, "close"): State.CLOSED,
        (State.ANSWERED, "close"): State.CLOSED,
        (State.CLOSED, "reopen"): State.OPEN,
    }
)


def read_page(address: str) -> str:
    """Return the path of a page of ours, without what stands after it; "" for any other address.

    What follows a path may be a secret, such as the token of a link.
    """
    if not address.startswith("/") or address[1:2] in {"/", "\\"}:
        return ""
    if any(ord(char) <= 0x20 or ord(char) == 0x7F or char == "\\" for char in address):
        return ""
    return urlsplit(address).path[:LONGEST_PAGE]
