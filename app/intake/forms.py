"""Forms of connections."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import Length

from app.web.forms import DayField, Filled, Form, RadioField, SelectField

KEYS, SCREEN = "keys", "screen"


class ConnectForm(Form):
    """Which shop, and the secret that the shop's hook will sign with."""

    shop = SelectField(_l("Shop"), coerce=int)
    secret = StringField(_l("Secret"), validators=[Length(max=200)])


class KeysForm(Form):
    """Where a shop is, and how we come by its keys."""

    store = SelectField(_l("Shop"), coerce=int)
    address = StringField(
        _l("Address of the shop"),
        [Filled(), Length(max=500)],
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
    key = StringField(_l("Consumer key"), [Length(max=200)], render_kw={"autocomplete": "off"})
    key_secret = PasswordField(
        _l("Consumer secret"), [Length(max=200)], render_kw={"autocomplete": "off"}
    )


class CouponsForm(Form):
    """Whether partners' codes are made coupons of the shop."""

    coupons = BooleanField(_l("Make a coupon in the shop for every partner's promo code"))


class HistoryForm(Form):
    """From when on orders of the past are taken in."""

    since = DayField(_l("Orders made from this day on"), [Filled()])
