"""What a merchant lets partners see of those below them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.web.forms import BooleanField, Form


class MaskForm(Form):
    """One switch."""

    mask = BooleanField(_l("Hide names and codes of referred partners in their sponsors' cabinets"))
