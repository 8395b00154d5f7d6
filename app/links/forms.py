"""The forms that make a link and its printed sheets."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
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
    category = SelectField(_l("Or a category"), default="", validate_choice=True)
    code = StringField(_l("Code of the link"), [Length(max=40)], render_kw={"autocomplete": "off"})
    label = StringField(_l("Note for yourself"), [Length(max=100)])
    sub1 = StringField(_l("Sub-id"), [Length(max=200)])
    sub2 = StringField("sub2", [Length(max=200)])
    sub3 = StringField("sub3", [Length(max=200)])
    sub4 = StringField("sub4", [Length(max=200)])
    sub5 = StringField("sub5", [Length(max=200)])
    utm_source = StringField("utm_source", [Length(max=200)])
    utm_medium = StringField("utm_medium", [Length(max=200)])
    utm_campaign = StringField("utm_campaign", [Length(max=200)])
    utm_content = StringField("utm_content", [Length(max=200)])
    utm_term = StringField("utm_term", [Length(max=200)])

    def validate_category(self, field: SelectField) -> None:
        """A link leads to one page: a product and a category at once cannot be meant."""
        if field.data and self.product.data:
            raise ValidationError(gettext("Choose a product or a category, not both."))


class PrintForm(Form):
    """What stands on a printed sheet beside the QR code; sent by GET, so that it can be kept as a bookmark."""

    heading = StringField(_l("Heading"), [Length(max=60)])
    words = StringField(_l("Words below it"), [Length(max=160)])
