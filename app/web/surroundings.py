"""What every frame needs to know of the place a request came to; doors fill it in, templates read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from flask import g, has_request_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime


def _nothing(_endpoint: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Standing:
    """How the merchant stands with the platform, for a bar on every page of the office."""

    kind: str  # works, trial, unpaid, stopped
    left: int = 0  # days of the trial after today
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The place: whose pages these are and who reads them. The defaults are the platform's public face."""

    audience: str = "public"  # office, cabinet, public or platform
    brand: str = "Partnerka"
    slug: str | None = None
    accent: str | None = None  # "#rrggbb", already checked for contrast
    logo: str | None = None  # address of the merchant's logo
    currency: str = "RUB"
    timezone: str = "UTC"
    tenant_locale: str | None = None
    person_name: str | None = None
    person_locale: str | None = None
    role: str | None = None
    allowed: Callable[[str], bool] = _nothing  # may this reader open that endpoint
    waiting: Callable[[], Mapping[str, int]] = dict  # how much waits behind endpoints of the menu
    hidden: Callable[[], frozenset[str]] = (
        frozenset  # what of the menu is nothing for this reader now
    )
    test_mode: bool = False
    other_mode: str | None = None  # this page, or the first one, in the other of live and test mode
    standing: Standing | None = None  # with the platform; None: there is no tariff
    framed: bool = False  # inside a page of the shop: no menu, no cookie, nothing to change
    pass_token: str | None = None  # by which the framed pages' forms speak
    pass_page: str | None = None
    by_pass: bool = False  # the shop's one-time link opened this cabinet, no password
    shadow: bool = False  # everything is computed, and nothing paid, spent or sent
    viewing_as: str | None = None  # the partner whose cabinet staff look at, read only


def surroundings() -> Surroundings:
    """The running request's surroundings; the platform's own where no door has set any."""
    if not has_request_context():
        return Surroundings()
    return cast("Surroundings", g.get("surroundings") or Surroundings())


def surround(**changes: Any) -> Surroundings:
    """Set some of the running request's surroundings; doors call it before the view. Returns the whole."""
    g.surroundings = replace(surroundings(), **changes)
    return surroundings()
