"""Asking for bonuses as money, and deciding on it: shape and words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import Length

from app.web.forms import Filled, Form, MoneyField, Positive


class AskForm(Form):
    """How much and by which payout method; the key comes with the form, so that pressing twice asks once."""

    amount = MoneyField(_l("Amount"), [Filled(), Positive()])
    method = SelectField(_l("Method"), [Filled()])
    key = HiddenField(validators=[Filled(), Length(max=40)])


class RejectForm(Form):
    """Why a request is refused."""

    reason = StringField(_l("Reason"), [Filled(), Length(max=500)])
