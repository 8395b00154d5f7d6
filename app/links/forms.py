"""The form that makes a link."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.web.forms import Form, SelectField


class LinkForm(Form):
    """Where a link leads and what it is called; everything may stay empty."""

    address = StringField(
        _l("Page of the shop"),
        [Length(max=2000)],
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    product = SelectField(_l("Or a product"), default="", validate_choice=True)
    code = StringField(_l("Code of the link"), [Length(max=40)], render_kw={"autocomplete": "off"})
    label = StringField(_l("Note for yourself"), [Length(max=100)])
    sub1 = StringField(_l("Sub-id"), [Length(max=200)])
    utm_source = StringField("utm_source", [Length(max=200)])
    utm_medium = StringField("utm_medium", [Length(max=200)])
    utm_campaign = StringField("utm_campaign", [Length(max=200)])
