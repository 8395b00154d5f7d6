"""The merchant's bot."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import Length

from app.web.forms import Filled, Form


class BotForm(Form):
    """The token that BotFather gave."""

    token = PasswordField(_l("Token of the bot"), [Filled(), Length(max=100)])
