"""Forms of partners' keys."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.partner_keys.rules import LINKS, READ
from app.web.forms import BooleanField, Filled, Form, SelectMultipleField

SCOPE_NAMES = {READ: _l("Read what this cabinet shows"), LINKS: _l("Make links")}


class KeyForm(Form):
    """A new key."""

    name = StringField(
        _l("Name"),
        [Filled(), Length(max=100)],
        description=_l("Which program uses it, so that you know it again."),
    )
    scopes = SelectMultipleField(
        _l("What it may do"),
        choices=list(SCOPE_NAMES.items()),
        default=[READ],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validators=[Filled()],
    )


class AllowForm(Form):
    """Whether partners may have keys."""

    allowed = BooleanField(
        _l("Partners may make keys of their own"),
        description=_l("A key opens what the partner's cabinet shows, and never a payout."),
    )
