"""Turning money and bonuses into each other: shape and words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField
from wtforms.validators import Length

from app.conversions.rules import Way
from app.web.forms import Filled, Form, MoneyField, Positive

WAYS = {Way.TO_BONUSES: _l("Into bonuses"), Way.TO_MONEY: _l("Into money")}


class TurnForm(Form):
    """How much; the key comes with the form, so that pressing twice turns once."""

    amount = MoneyField(_l("Amount"), [Filled(), Positive()])
    key = HiddenField(validators=[Filled(), Length(max=40)])
