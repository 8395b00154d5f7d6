"""Forms of the discount in the cart, and what stands in its way, in words with the mending."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import BooleanField, IntegerField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange

from app.carts.queries import Settings
from app.carts.rules import MINUTES
from app.web.forms import Filled, Form, MoneyField, Positive, SelectField

LONGEST_PASTE = 500_000
LONGEST_CODE = 64

# What was found in a shop's own settings: whether it stops the discount, what it is, and what mends it.
BLOCKERS: dict[str, tuple[bool, Any, Any]] = {
    "coupons_off": (
        True,
        _l("Coupons are switched off in the shop"),
        _l("WordPress: WooCommerce › Settings › General › Enable coupons: tick it and save."),
    ),
    "other_currency": (
        True,
        _l("The shop sells in another currency"),
        _l(
            "Bonuses are worth the merchant's currency. Make a merchant of that currency for this shop."
        ),
    ),
    "tax_on_top": (
        False,
        _l("Tax comes on top of the shop's prices"),
        _l(
            "The code lowers prices before tax, so the customer saves the tax on it, too. Bonuses pay the "
            "code's own sum, never more. To have both equal enter prices with tax: WooCommerce › Settings › Tax."
        ),
    ),
    "loners": (
        False,
        _l("Some coupons of the shop may stand beside no other"),
        _l(
            "A customer who uses one of those cannot use bonuses with it: the shop says so in the cart. To let "
            "both be untick Individual use only on the coupon, and Beside no other coupon here."
        ),
    ),
    "one_code": (
        False,
        _l("The shop takes one code for each cart"),
        _l(
            "A customer who uses a partner's code cannot use bonuses with it, and the other way round. New shops "
            "of PrestaShop 9.2 begin so: allow several codes in the settings of its discounts."
        ),
    ),
    "settings_hidden": (
        False,
        _l("We may not read the shop's settings"),
        _l(
            "The key belongs to somebody who does not manage the shop. Make one as its administrator."
        ),
    ),
    "rules_off": (
        False,
        _l("Cart rules are switched off in the shop"),
        _l(
            "PrestaShop switches them on with the first active rule: add one under Catalog › Discounts."
        ),
    ),
    "rights": (
        True,
        _l("The key has no right to cart rules"),
        _l(
            "PrestaShop: Advanced Parameters › Webservice › the key › cart_rules: view, add, edit, delete."
        ),
    ),
}
TRIALS: dict[str, Any] = {
    "ok": _l("A code was made in the shop and deleted again"),
    "stays": _l("A code was made in the shop and could not be deleted: it is over in five minutes"),
}
ODD: dict[str, Any] = {
    "stranger": _l("another customer used it; its owner's bonuses paid"),
    "less": _l("the shop took off less than was held; the rest went back"),
    "more": _l(
        "the shop took off more than was held, by tax or by hand; bonuses paid what was held"
    ),
    "late": _l("word of the order came after the code was over; bonuses paid all the same"),
    "twice": _l("more than one order used it; bonuses paid each"),
}
STATES: dict[str, Any] = {
    "making": lazy_pgettext("cart code", "The shop is asked"),
    "made": lazy_pgettext("cart code", "In the cart"),
    "used": lazy_pgettext("cart code", "Ordered"),
    "let_go": lazy_pgettext("cart code", "Taken back"),
    "ended": lazy_pgettext("cart code", "Over"),
    "failed": lazy_pgettext("cart code", "Not made"),
}
TONES = {"making": "info", "made": "info", "used": "good", "failed": "bad"}


def odd_words(said: str | None) -> list[Any]:
    """Return in words what was out of the ordinary with a code."""
    return [ODD[word] for word in (said or "").split() if word in ODD]


class SettingsForm(Form):
    """Whether and how bonuses become codes."""

    on = BooleanField(_l("Customers turn bonuses into a code for the cart"))
    minutes = IntegerField(
        _l("Minutes that a code holds"),
        [InputRequired(), NumberRange(*MINUTES)],
        description=_l(
            "As long as the bonuses are set aside; then they are free again by themselves."
        ),
    )
    alone = BooleanField(
        _l("Beside no other coupon"),
        description=_l("The shop takes no second coupon in the same cart."),
    )
    whole = BooleanField(
        _l("For the cart as it is"),
        description=_l(
            "The code wants at least the sum of the goods for which it was made. Switch it off where the "
            "prices of your pages are not those by which the shop counts, with tax or without."
        ),
    )

    @classmethod
    def of(cls, said: Settings) -> SettingsForm:
        """Return the form that says how it is."""
        names = ("on", "minutes", "alone", "whole")
        return cls(formdata=None, data={name: getattr(said, name) for name in names})

    @property
    def said(self) -> Settings:
        """What was typed."""
        return Settings(
            on=bool(self.on.data),
            minutes=int(self.minutes.data or 0),
            alone=bool(self.alone.data),
            whole=bool(self.whole.data),
        )


class CodesForm(Form):
    """Codes of one sum that the shop made."""

    shop = SelectField(_l("Shop"))
    amount = MoneyField(_l("What one takes off"), [Filled(), Positive()])
    codes = TextAreaField(
        _l("Codes"),
        [InputRequired(), Length(max=LONGEST_PASTE)],
        description=_l("One a line, as the shop made them; each for one order."),
    )

    @property
    def lines(self) -> list[str]:
        """The codes that were typed."""
        return [line.strip() for line in (self.codes.data or "").splitlines() if line.strip()]

    def validate_codes(self, field: TextAreaField) -> None:
        """Refuse what no shop takes as a code."""
        for number, line in enumerate((field.data or "").splitlines(), start=1):
            said = line.strip()
            if len(said) > LONGEST_CODE or not said.isprintable() or any(c.isspace() for c in said):
                raise ValidationError(_("Line %(number)s is no code.", number=number))
