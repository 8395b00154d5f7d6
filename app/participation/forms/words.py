"""Sentences of participation that several pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONSENT_NAMES = {
    "terms": _l("Terms"),
    "offer": _l("Rules of the program"),
    "personal": _l("Personal data"),
    "marketing": _l("Letters with news and offers"),
}
SOURCES = {
    "form": _l("by the registration form"),
    "staff": _l("made by staff"),
    "converted": _l("a customer made a partner"),
}


def why_words(why: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return why somebody may not join, a sentence a reason."""
    return [_why(each) for each in why]


def _why(each: Mapping[str, Any]) -> str:
    if each["code"] == "orders":
        wanted = ngettext(
            "Partners need %(num)s completed order.",
            "Partners need %(num)s completed orders.",
            each["wanted"],
        )
        has = _("With this e-mail there are %(num)s so far.", num=each["has"])
        return f"{wanted} {has}"
    if each["code"] == "forbidden":
        return str(_("Customers of the group %(name)s do not take part.", name=each["group"]))
    return str(_("Only customers of some groups take part, and this e-mail is in none of them."))
