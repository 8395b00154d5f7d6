"""One message to customers: a subject, a text and an SMS in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from app.web.forms import Form
from app.web.locale import LOCALES
from app.web.texts import TextsForm
from app.wordings.rules import LONGEST, PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wordings.models import Wording

TITLES = {
    "registration": _l("Registration"),
    "birthday": _l("Birthday"),
    "order": _l("Order"),
    "profile_filled": _l("Filled profile"),
    "subscription": _l("Subscription"),
    "review": _l("Review"),
    "achievement": _l("Customer's achievement"),
    "referrer_achievement": _l("Referrer's achievement"),
    "external": _l("Outside service"),
    "owner": _l("Rights holder"),
    "spend": _l("Paying with bonuses"),
    "withdrawal": _l("Withdrawal"),
    "expiring": _l("Bonuses are about to expire"),
    "inactivity": _l("A customer has not bought for long"),
    "rank": _l("A customer's rank changes"),
    "rank_warning": _l("A rank is about to be lost"),
    "mass": _l("An operation by hand"),
    "coupon": _l("Coupon"),
}
MEANS = {
    "name": _l("the customer's name"),
    "shop": _l("your name"),
    "amount": _l("how many bonuses"),
    "usable": _l("from when they can be spent"),
    "valid": _l("until when they are valid"),
    "balance": _l("what the customer can spend now"),
    "coupon": _l("the coupon that the rule gave"),
    "rank": _l("the customer's rank"),
    "day": _l("on which day the rank is lost"),
    "lacks": _l("what is missing to keep it"),
    "link": _l("the customer's account, else your shop"),
}


def title_of(code: str, kept: Mapping[str, Wording]) -> str:
    """Return the name by which people know a message."""
    own = kept.get(code)
    return own.title if own is not None and own.title else str(TITLES.get(code, code))


def choices(kept: Mapping[str, Wording]) -> list[tuple[str, str]]:
    """Return every message as (code, title), the merchant's own last."""
    own = [code for code, row in kept.items() if row.title]
    return [(code, title_of(code, kept)) for code in (*TITLES, *own)]


class _Wording(TextsForm):  # type: ignore[misc,valid-type]
    """What such a form knows of its texts."""

    title = StringField(_l("Name, for yourself"), [Length(max=100)])

    @property
    def said(self) -> dict[str, dict[str, str]]:
        """What was written, by language and part."""
        return {
            locale: {part: self[f"{part}_{locale}"].data or "" for part in PARTS}
            for locale in LOCALES
        }

    def spoken(self) -> list[tuple[str, str, Any, Any, Any]]:
        """Return (locale, name, subject, text, SMS) for each language, for the page."""
        return [(locale, name, *(self[f"{part}_{locale}"] for part in PARTS))
                for locale, name in LOCALES.items()]  # fmt: skip


def _shorts() -> dict[str, Any]:
    return {
        f"sms_{locale}": TextAreaField(
            _l("SMS (%(language)s)", language=name), [Length(max=LONGEST["sms"])]
        )
        for locale, name in LOCALES.items()
    }


# Made so, because which languages there are stands in one place.
WordingForm: type[_Wording] = type("WordingForm", (_Wording,), _shorts())


class TryForm(Form):
    """Where a trial SMS goes."""

    phone = StringField(_l("Phone"), [Length(max=40)])


def typed(texts: Mapping[str, Mapping[str, str]], title: str | None) -> dict[str, str]:
    """Return stored texts as the data of the form."""
    found = {
        f"{part}_{locale}": said.get(part, "") for locale, said in texts.items() for part in PARTS
    }
    return found | {"title": title or ""}
