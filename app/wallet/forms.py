"""Paying a partner from the list: shape and words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from app.payouts.forms import REASON
from app.web.forms import Filled, Form, MoneyField, Positive, SelectField


class PayForm(Form):
    """How much is paid, by which method, and whether more than what is owed is meant."""

    amount = MoneyField(_l("Amount"), [Filled(), Positive()])
    method = SelectField(_l("Method"), [Filled()])
    reason = StringField(_l("Note"), [Length(max=REASON)])
    advance = BooleanField(_l("Yes, pay the rest as an advance"))
