"""Forms about advertising tokens."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.web.forms import BooleanField, Form


class TokenForm(Form):
    """The token of one link."""

    erid = StringField(
        _l("Advertising token (erid)"),
        [Length(max=300)],
        render_kw={"autocomplete": "off"},
        description=_l("As the register of advertising gave it. Empty: none."),
    )


class SwitchForm(Form):
    """Whether tokens are wanted."""

    wanted = BooleanField(_l("Warn of links and materials without a token"))
