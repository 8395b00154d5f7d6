"""The form of a postback."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import StringField, widgets
from wtforms.validators import Length

from app.web.forms import Filled, Form, RadioField, SelectMultipleField

STATES = [
    ("registered", lazy_pgettext("order", "New")),
    ("agreed", lazy_pgettext("order", "Agreed")),
    ("completed", lazy_pgettext("order", "Completed")),
    ("cancelled", lazy_pgettext("state", "Cancelled")),
    ("refunded", lazy_pgettext("order", "Refunded")),
]


class PostbackForm(Form):
    """Where to call, how, and of which states."""

    url = StringField(
        _l("Address with macros"),
        [Filled(), Length(max=2000)],
        render_kw={
            "inputmode": "url",
            "autocomplete": "off",
            "placeholder": "https://tracker.example/postback?cid={sub1}&status={status}",
        },
    )
    method = RadioField(_l("Method"), choices=[("GET", "GET"), ("POST", "POST")], default="GET")
    states = SelectMultipleField(
        _l("Tell of deals that are"),
        choices=STATES,
        default=["agreed", "completed", "cancelled", "refunded"],
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
    )
