"""The form of a customer's page: a tag that is put on by hand."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import Length

from app.members.rules import LONGEST_TAG
from app.web.forms import Filled, Form


class TagForm(Form):
    """One tag."""

    tag = StringField(
        _l("Tag"), [Filled(), Length(max=LONGEST_TAG)], description=_l("Such as: wholesale.")
    )

    def validate_tag(self, field: StringField) -> None:
        """Refuse what rules could not ask for: they separate tags by commas."""
        if "," in (field.data or ""):
            raise ValidationError(gettext("One tag at a time, without commas."))
