"""The forms of a customer's page: a tag that is put on by hand, a birthday set right."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, StringField, ValidationError
from wtforms.validators import Length, Optional

from app import clock
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


class BirthdayForm(Form):
    """A birthday set right by hand, and why."""

    birthday = DateField(_l("Birthday"), [Optional()])
    reason = StringField(_l("Reason"), [Filled(), Length(max=200)])

    def validate_birthday(self, field: DateField) -> None:
        """Refuse a day that is yet to come. Raises ValidationError."""
        if field.data is not None and field.data > clock.now().date():
            raise ValidationError(gettext("This moment is yet to come."))
