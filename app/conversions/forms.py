"""Turning money and bonuses into each other: shape and words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField
from wtforms.validators import Length

from app.web.forms import Filled, Form, MoneyField, Positive


class TurnForm(Form):
    """How much; the key comes with the form, so that pressing twice turns once."""

    amount = MoneyField(_l("Amount"), [Filled(), Positive()])
    key = HiddenField(validators=[Filled(), Length(max=40)])
