"""Words that letters have for what an event names by a code."""

from __future__ import annotations

from flask_babel import lazy_gettext

ROLES = {
    "owner": lazy_gettext("owner"),
    "manager": lazy_gettext("manager"),
    "accountant": lazy_gettext("accountant"),
    "support": lazy_gettext("support"),
    "developer": lazy_gettext("developer"),
    "cashier": lazy_gettext("cashier"),
}
CAPS = {
    "partner": lazy_gettext("of one partner"),
    "terms": lazy_gettext("of a set of terms"),
    "month": lazy_gettext("of all partners"),
}
ABOUT = {
    "support": lazy_gettext("Question"),
    "setup": lazy_gettext("Set-up"),
    "idea": lazy_gettext("Idea"),
}
DATES = {"ru": "d MMM y", "en": "MMM d, y"}
