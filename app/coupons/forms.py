"""Forms of first-order coupons: the offer, and lines for the pool; a coupon's worth in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FileField, IntegerField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from app.coupons.rules import LONGEST_VALUE, MOST_LINES, Offer, worth
from app.money import parse_decimal, to_decimal_string
from app.programs.forms import DomainForm
from app.web.filters import money_text, percent
from app.web.forms import PercentOrMoneyField, RadioField, Rate, SelectField

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_PASTE = 500_000


class OfferForm(DomainForm):
    """Whether new customers get a coupon, what it is worth, where it comes from."""

    on = BooleanField(_l("Give a coupon to customers whom a partner brought"))
    amount = PercentOrMoneyField(
        _l("Worth"),
        description=_l("A percent such as 10%, or a sum. It only says what your shop gives."),
    )
    words = StringField(
        _l("Or in words"),
        [Length(max=LONGEST_VALUE)],
        description=_l("Such as “free delivery”; stands in place of the figure."),
    )
    source = RadioField(
        _l("Where coupons come from"),
        choices=[
            (
                "pattern",
                _l("made here by a pattern; your shop's connection or program enters them there"),
            ),
            ("pool", _l("made in your shop, pasted below")),
        ],
        default="pattern",
    )
    pattern = StringField(_l("Pattern"), [Length(max=60)])
    low = IntegerField(
        _l("Tell staff when so many are left"), [Optional(), NumberRange(0, MOST_LINES)]
    )
    first_coupons = BooleanField(
        _l("These coupons do no harm where coupons of others earn nothing"), default=True
    )

    @property
    def offer(self) -> Offer:
        """What was typed."""
        return Offer(
            on=bool(self.on.data),
            value=_value(self.words.data, self.amount.data),
            source=self.source.data,
            pattern=(self.pattern.data or "").strip(),
            low=self.low.data or 0,
        )

    @staticmethod
    def said(offer: Offer) -> dict[str, Any]:
        """Return what the form shows of an offer."""
        found = worth(offer.value)
        figure: Any = offer.value if found.percent is not None else found.amount
        return {
            "on": offer.on,
            "amount": figure,
            "words": found.words if not figure else "",
            "source": offer.source,
            "pattern": offer.pattern,
            "low": offer.low,
        }


def _value(words: str | None, rate: Rate | None) -> str:
    """Return what a coupon is worth as it is kept: words, else the figure."""
    said = " ".join((words or "").split())
    if said or rate is None:
        return said
    fixed = rate.fixed
    if fixed is None:
        return str(rate)
    return f"{to_decimal_string(fixed.minor, fixed.currency)} {fixed.currency}"


class KindForm(DomainForm):
    """A coupon that rules of bonuses may give."""

    name = StringField(_l("Name, for yourself"), [Length(max=100)])
    amount = PercentOrMoneyField(
        _l("Worth"),
        description=_l("A percent such as 10%, or a sum. It only says what your shop gives."),
    )
    words = StringField(
        _l("Or in words"),
        [Length(max=LONGEST_VALUE)],
        description=_l("Such as “free delivery”; stands in place of the figure."),
    )
    pattern = StringField(_l("Pattern"), [Length(max=60)], default="GIFT-*********")
    days = IntegerField(_l("Holds, days"), [Optional()], description=_l("Empty: without end."))

    @property
    def value(self) -> str:
        """What it is worth."""
        return _value(self.words.data, self.amount.data)


class FillForm(DomainForm):
    """Coupons that the shop made."""

    lines = TextAreaField(
        _l("Coupons"),
        [Length(max=LONGEST_PASTE)],
        description=_l(
            "One a line. With a partner's refcode behind it (coupon;refcode) it is that partner's own: "
            "whoever orders with it is his customer."
        ),
    )
    file = FileField(_l("Or a file"), description=_l("CSV or text, the same lines."))
    shop = SelectField(_l("Shop"), coerce=int, default=0)

    def offer(self, shops: Sequence[Any]) -> FillForm:
        """Offer the shops; 0 is every one."""
        self.shop.choices = [(0, _l("Every shop")), *((each.id, each.name) for each in shops)]
        return self

    @property
    def text(self) -> str:
        """What was pasted, and what stands in the file."""
        sent = self.file.data
        raw = sent.read(LONGEST_PASTE) if hasattr(sent, "read") else b""
        return f"{self.lines.data or ''}\n{_decoded(raw)}"


def _decoded(raw: bytes) -> str:
    for coding in ("utf-8-sig", "cp1251"):
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    return ""


def value_words(value: str) -> str:
    """Return what a coupon is worth in the reader's language."""
    found = worth(value)
    if found.percent is not None:
        return str(gettext("%(percent)s off", percent=percent(found.percent)))
    if found.amount is not None and found.currency is not None:
        minor = parse_decimal(found.amount, found.currency)
        return str(gettext("%(sum)s off", sum=money_text(minor, found.currency)))
    return found.words or ""
