"""Forms of a customer's card: a phone, the code that came to it, a number by hand."""

from __future__ import annotations

import re

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import Length

from app.cards.rules import CODE_DIGITS, LONGEST
from app.members.rules import normalise_phone
from app.web.forms import Filled, Form

_CODE = re.compile(rf"[0-9]{{{CODE_DIGITS}}}", re.ASCII)


class PhoneForm(Form):
    """Whose card is looked for; `region` reads numbers without a country code."""

    region: str | None = None
    e164 = ""
    phone = StringField(_l("Phone"), [Filled(), Length(max=40)])

    def validate_phone(self, field: StringField) -> None:
        """Refuse what is no phone number."""
        found = normalise_phone(field.data, self.region)
        if found is None:
            raise ValidationError(gettext("This is no phone number."))
        self.e164 = found


class CodeForm(Form):
    """The code that came by SMS."""

    code = StringField(_l("Code from the SMS"), [Filled(), Length(max=20)])

    def validate_code(self, field: StringField) -> None:
        """Let spaces be, and refuse what cannot be a code."""
        field.data = "".join((field.data or "").split())
        if not _CODE.fullmatch(field.data):
            raise ValidationError(gettext("The code has six digits."))


class NumberForm(Form):
    """A card's number; none takes the card away."""

    number = StringField(_l("Card number"), [Length(max=LONGEST * 2)])
