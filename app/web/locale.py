"""Which language and zone a page speaks: the person's, else the cookie's, the merchant's, the browser's."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from flask import has_request_context, request

from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from babel import Locale

LOCALES = {"en": "English", "ru": "Русский"}
COOKIE = "locale"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def select_locale() -> str:
    """The locale of this request, always one that has a catalogue."""
    around = surroundings()
    if not has_request_context():  # a job, a command: services name their refusals there too
        return around.tenant_locale if around.tenant_locale in LOCALES else "en"
    for wanted in (around.person_locale, request.cookies.get(COOKIE), around.tenant_locale):
        if wanted in LOCALES:
            return wanted
    return request.accept_languages.best_match(list(LOCALES)) or "en"


def select_timezone() -> str:
    """The merchant's zone; UTC where a stored name is unknown to this machine."""
    name = surroundings().timezone
    return name if name in _zones() else "UTC"


def zone() -> ZoneInfo:
    """The zone in which this request reads and writes local times."""
    return ZoneInfo(select_timezone())


def direction(locale: Locale) -> str:
    """'rtl' or 'ltr' for the html element."""
    return "rtl" if locale.language in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
