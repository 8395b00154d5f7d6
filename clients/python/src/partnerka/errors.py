"""What can go wrong, by what one does about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class PartnerkaError(Exception):
    """Anything that this client raises."""


class Unreachable(PartnerkaError):
    """The server could not be asked, did not answer after all tries, or what answered is not it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that was refused."""

    field: str
    message: str


class APIError(PartnerkaError):
    """The server refused, and said why in a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        """Keep what the server said; a body that is no problem document leaves the status alone."""
        self.status = status
        self.type = str(problem.get("type") or "about:blank")
        self.title = str(problem.get("title") or "")
        self.detail = str(problem.get("detail") or self.title or status)
        self.request_id = str(problem.get("request_id") or "")
        found = problem.get("errors")
        self.errors = tuple(
            Field(str(each.get("field", "")), str(each.get("message", "")))
            for each in (found if isinstance(found, list) else ())
            if isinstance(each, dict)
        )
        said = "; ".join(f"{each.field}: {each.message}" for each in self.errors)
        super().__init__(f"{status} {self.detail}" + (f" ({said})" if said else ""))

    @property
    def code(self) -> str:
        """The server's stable word for it, such as "above_available"; empty where there is none."""
        head, _colon, word = self.type.rpartition("problem:")
        return word if head else ""


class Unauthorized(APIError):
    """401: no valid key."""


class Denied(APIError):
    """403: the key may not do this."""


class NotFound(APIError):
    """404: it is not there."""


class Conflict(APIError):
    """409: it is not in the state that the call supposes."""


class Invalid(APIError):
    """400, 413, 415, 422: what was sent cannot stand; `errors` names the fields."""


class RateLimited(APIError):
    """429, after all tries."""


class Unavailable(APIError):
    """5xx, after all tries."""


_KINDS: Mapping[int, type[APIError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Denied,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: RateLimited,
}


def error_of(status: int, body: Any) -> APIError:
    """Return the exception for an answer."""
    problem = body if isinstance(body, dict) else {}
    kind = Unavailable if status >= 500 else _KINDS.get(status, APIError)
    return kind(status, problem)
