"""The merchant's own margin, and whether what eats it up may be published."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from app.web.forms import Form


class MarginForm(Form):
    """What is left of a price where nothing else is said."""

    margin = StringField(
        _l("Your margin, percent of the price"),
        [Length(max=20)],
        description=_l("For products and categories of which nothing is said. Such as 40%."),
    )
    margin_stop = BooleanField(
        _l("Let nothing be published that eats up a margin"),
        description=_l("Off: you are warned, and may publish all the same."),
    )
