"""Forms about balances."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.web.forms import Filled, Form, MoneyField


class AdjustmentForm(Form):
    """A correction by hand."""

    amount = MoneyField(
        _l("Amount"), [Filled()], negative=True, description=_l("With a minus it is a deduction.")
    )
    reason = StringField(_l("Reason; the partner reads it"), [Filled(), Length(max=500)])
