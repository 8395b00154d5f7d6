"""Why a closed month is opened again."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from app.periods.rules import REASON
from app.web.forms import Filled, Form


class ReopenForm(Form):
    """The reason, which is kept."""

    reason = TextAreaField(
        _l("Why is it opened again?"),
        [Filled(), Length(max=REASON)],
        description=_l("It is kept with the month, and everybody at the money desk sees it."),
    )
