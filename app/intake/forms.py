"""Forms of connections."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.web.forms import Form, SelectField


class ConnectForm(Form):
    """Which shop, and the secret that the shop's hook will sign with."""

    shop = SelectField(_l("Shop"), coerce=int)
    secret = StringField(_l("Secret"), validators=[Length(max=200)])
