"""Forms of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import Length

from app.intake.shops import SCREEN
from app.web.forms import DayField, Filled, Form, RadioField, SelectField

if TYPE_CHECKING:
    from app.intake.shops import Listener

KEYS = "keys"


class ConnectForm(Form):
    """Which shop, and the secret that the shop's hook will sign with."""

    shop = SelectField(_l("Shop"), coerce=int)
    secret = StringField(_l("Secret"), validators=[Length(max=200)])


class KeysForm(Form):
    """Where a shop is, and how we come by its keys."""

    store = SelectField(_l("Shop"), coerce=int)
    address = StringField(
        _l("Address of the shop"),
        [Length(max=500)],
        render_kw={
            "inputmode": "url",
            "autocomplete": "off",
            "placeholder": "https://shop.example",
        },
    )
    how = RadioField(
        _l("Keys"),
        choices=[
            (SCREEN, _l("Ask the shop: its owner signs in there and agrees")),
            (KEYS, _l("Paste keys that were made in the shop")),
        ],
        default=SCREEN,
    )
    key = StringField(_l("Key"), [Length(max=200)], render_kw={"autocomplete": "off"})
    key_secret = PasswordField(
        _l("Secret of the key"), [Length(max=200)], render_kw={"autocomplete": "off"}
    )

    def shape(self, kind: Listener) -> None:
        """Ask for what this kind of shop needs, by the names that it has there."""
        for name, control in (
            ("address", self.address),
            ("key", self.key),
            ("secret", self.key_secret),
        ):
            if f"{name}.label" in kind.hints:
                control.label.text = kind.hints[f"{name}.label"]
            # With a screen of the shop's own nothing but its address is needed.
            control.flags.required = name == "address" or SCREEN not in kind.offers
        if not (self.address.data or "").strip():
            self.address.data = kind.hints.get("address.default", self.address.data)
        if SCREEN not in kind.offers:
            self.how.data = KEYS


class SecretForm(Form):
    """Another secret, if the shop made one."""

    secret = StringField(_l("New secret"), [Length(max=200)], render_kw={"autocomplete": "off"})


class CouponsForm(Form):
    """Whether partners' codes are made coupons of the shop."""

    coupons = BooleanField(_l("Make a coupon in the shop for every partner's promo code"))


class HistoryForm(Form):
    """From when on orders of the past are taken in."""

    since = DayField(_l("Orders made from this day on"), [Filled()])
