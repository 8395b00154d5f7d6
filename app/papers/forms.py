"""Forms of papers: a receipt or contract, what each tax status needs, and what is withheld."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import StringField
from wtforms.validators import Length

from app.money import MoneyError, plain_number
from app.papers.rules import LONGEST_LINK, LONGEST_NUMBER, STATUSES, Kind, Need, Rounding
from app.papers.service import Said
from app.web.filters import locale_name
from app.web.forms import DayField, Filled, Form, SelectField, TypedField

KINDS = {
    Kind.CONTRACT.value: _l("Contract"),
    Kind.ACT.value: _l("Signed act"),
    Kind.RECEIPT.value: _l("Receipt"),
}
STATUS_WORDS = {
    "person": _l("Person"),
    "self_employed": _l("Self-employed"),
    "entrepreneur": _l("Entrepreneur"),
    "company": _l("Company"),
}
NEEDS = [
    (Need.OFF.value, _l("Not needed")),
    (Need.WARN.value, _l("Warn when missing")),
    (Need.BLOCK.value, _l("No payment without it")),
]
ROUNDINGS = [
    (Rounding.MINOR.value, _l("To the smallest unit")),
    (Rounding.UNIT.value, _l("To whole units of the currency")),
]
FILES = "application/pdf,image/png,image/jpeg,image/webp,.pdf"


class PaperForm(Form):
    """A paper by its number, a link or a file."""

    number = StringField(_l("Number"), [Length(max=LONGEST_NUMBER)])
    link = StringField(
        _l("Link"),
        [Length(max=LONGEST_LINK)],
        render_kw={"inputmode": "url", "autocomplete": "off"},
    )
    file = FileField(
        _l("File"),
        render_kw={"accept": FILES},
        description=_l("PDF or picture, up to 5 MB. One of the three is enough."),
    )

    def said(self) -> Said:
        """Return what was given, as the service takes it."""
        sent = self.file.data
        file = sent if isinstance(sent, FileStorage) and sent.filename else None
        return Said(
            number=self.number.data or "",
            link=self.link.data or "",
            file=file.read() if file else None,
            filename=(file.filename or "") if file else "",
        )


class ContractForm(PaperForm):
    """A contract, and whose it is."""

    partner = StringField(_l("Partner's code"), [Filled(), Length(max=128)])


class PercentField(TypedField):
    """Per cents as people write them; data is their text as it is kept ("13", "4.5"), or None."""

    inputmode = "decimal"

    def read(self, text: str) -> str:
        """Return the per cents, with or without the sign."""
        try:
            value = Decimal(plain_number(text.removesuffix("%").strip(), locale_name()))
        except (MoneyError, InvalidOperation) as error:
            raise ValueError(gettext("Type percents such as 13.")) from error
        return f"{value.normalize():f}"

    def write(self, value: str) -> str:
        """Return the per cents in the reader's ways."""
        return value.replace(".", ",") if locale_name().startswith("ru") else value


class RateForm(Form):
    """What is withheld from a status' payouts, and from when."""

    status = SelectField(_l("Tax status"), choices=list(STATUS_WORDS.items()))
    rate = PercentField(_l("Percents"), description=_l("Empty: nothing is withheld."))
    since = DayField(_l("From the day"), description=_l("Empty: from now on."))


class RoundingForm(Form):
    """To what withheld sums are rounded."""

    rounding = SelectField(_l("Rounding, half up"), choices=ROUNDINGS)


def needs_form(**values: Any) -> Form:
    """Return the form of what each status needs, a choice for each status and kind of paper."""
    fields = {
        f"{status}_{kind.value}": SelectField(
            lazy_gettext("%(status)s: %(paper)s", status=STATUS_WORDS[status], paper=KINDS[kind]),
            choices=NEEDS,
        )
        for status in STATUSES
        for kind in Kind
    }
    made: Form = type("NeedsForm", (Form,), fields)(**values)
    return made
