"""What can go wrong in the domain; doors translate these into pages and problem documents."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMED = re.compile(r"a valid dictionary(?: or instance of \w+)?")


@dataclass(frozen=True)
class FieldError:
    """One complaint about one field of an input; `field` is a dotted path such as `lines.0.price`."""

    field: str
    message: str


def in_plain_words(complaint: str) -> str:
    """Return what pydantic complains of without the words of its trade: "an object" for "instance of OrderIn"."""
    return _NAMED.sub("an object", complaint.removeprefix("Value error, "))


class DomainError(Exception):
    """A request that the rules refuse. `code` is stable and documented; the message is for people."""

    status = 422

    def __init__(self, code: str, message: str, *errors: FieldError) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.errors = errors


class NotFound(DomainError):
    """Nothing here for this caller; also said of what belongs to others."""

    status = 404
    bare = "Not found."  # for programs; a page's own title says the same, in the reader's language

    def __init__(self, message: str = bare, code: str = "not_found") -> None:
        super().__init__(code, message)


class Conflict(DomainError):
    """The thing is not in the state that the request supposes."""

    status = 409


class Forbidden(DomainError):
    """Known, but not allowed."""

    status = 403


class Retry(Exception):
    """Two transactions met; the same request run again will do."""
