"""Which days a verifiable file covers, and a file that somebody wants checked."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import StringField, ValidationError
from wtforms.validators import Length

from app.web.forms import DayField, Filled, Form
from app.web.locale import zone

if TYPE_CHECKING:
    from wtforms import Field


class PeriodForm(Form):
    """From a day to a day, both included; empty ends are open."""

    since = DayField(_l("From the day"))
    until = DayField(_l("To the day"))

    def validate_until(self, field: Field) -> None:
        """Refuse an end before its start."""
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError(gettext("The end is before the start."))

    @property
    def ends(self) -> tuple[datetime | None, datetime | None]:
        """The first moment of the period, and the first one after it."""
        first, last = self.since.data, self.until.data
        after = datetime.combine(last + timedelta(days=1), time(), zone()) if last else None
        return datetime.combine(first, time(), zone()) if first else None, after


class OfficePeriodForm(PeriodForm):
    """The same, of one partner or of all."""

    partner = StringField(
        _l("Partner's code"), [Length(max=64)], description=_l("Empty: everybody's entries.")
    )


class FileForm(Form):
    """A statement file."""

    file = FileField(
        _l("Statement file"), [Filled()], render_kw={"accept": ".json,application/json"}
    )
