"""A mailing: to whom, which words, how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext, lazy_pgettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, StringField, ValidationError
from wtforms.validators import Length, NumberRange, Optional

from app.mailings.rules import DEFAULT_PACE, MOST_CHOSEN, MOST_LISTED, MOST_PACE, Segment
from app.money import Money
from app.web.forms import Form, LocalDateTimeField, MoneyField, RadioField, SelectField
from app.web.texts import TextsForm, as_typed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.mailings.models import Mailing

LONGEST_QUERY = 2_000
SALES = [
    ("any", _l("Whatever they sold")),
    ("some", _l("Only who had sales in these days")),
    ("none", _l("Only who had none in these days")),
]


TO = [("segment", _l("All partners who fit")), ("chosen", _l("These partners"))]


class MailingForm(TextsForm):  # type: ignore[misc,valid-type]
    """The whole of it; chosen refcodes go before the wishes."""

    to = RadioField(
        _l("To whom"),
        choices=TO,
        default="segment",
    )
    refcodes = StringField(_l("Refcodes"), [Length(max=20_000)])
    listed = HiddenField(validators=[Length(max=LONGEST_QUERY)])  # what the list of partners showed
    ids: tuple[int, ...] = ()  # and who that was
    status = SelectField(
        _l("State"),
        choices=[("active", _l("Active")), ("blocked", _l("Blocked"))],
        default="active",
    )
    group = SelectField(_l("Group"), coerce=int, default=0)
    terms = SelectField(_l("Terms"), coerce=int, default=0)
    least = MoneyField(_l("Available, at least"))
    most = MoneyField(_l("Available, at most"))
    sales = SelectField(_l("Sales"), choices=SALES, default="any")
    days = IntegerField(_l("Days"), [NumberRange(min=1, max=3650)], default=30)
    is_html = BooleanField(_l("The text is HTML"))
    pace = IntegerField(
        _l("Letters a minute"), [NumberRange(min=1, max=MOST_PACE)], default=DEFAULT_PACE
    )

    def validate_refcodes(self, field: StringField) -> None:
        """Refuse "these partners" without any. Raises ValidationError."""
        if self.to.data == "chosen" and not (field.data or "").strip():
            raise ValidationError(gettext("Fill this in."))

    def validate_to(self, field: RadioField) -> None:
        """Refuse a list that shows nobody, or too many. Raises ValidationError."""
        if field.data == "listed" and not self.ids:
            raise ValidationError(gettext("The list shows nobody. Choose other partners."))
        if field.data == "listed" and len(self.ids) > MOST_LISTED:
            words = gettext("At most %(most)s partners at once.", most=MOST_LISTED)
            raise ValidationError(words)

    def offer_listed(self, ids: Iterable[int]) -> MailingForm:
        """Offer those whom the list of partners shows, or showed when the draft was written."""
        self.ids = tuple(ids)
        if self.ids or self.listed.data:
            number = min(len(self.ids), MOST_LISTED)
            words = ngettext(
                "%(num)s partner whom the list shows",
                "%(num)s partners whom the list shows",
                number,
            )
            self.to.choices = [*TO, ("listed", words)]
        return self

    def offer(self, groups: Iterable[Any], terms: Iterable[Any]) -> MailingForm:
        """Offer groups and sets of terms; 0 is any."""
        self.group.choices = [(0, _l("Any")), *((each.id, each.name) for each in groups)]
        any_terms = (0, lazy_pgettext("terms", "Any"))
        self.terms.choices = [any_terms, *((each.id, each.name) for each in terms)]
        return self

    @property
    def segment(self) -> Segment:
        """To whom it goes."""
        chosen = (self.refcodes.data or "").replace(",", " ").split()[:MOST_CHOSEN]
        if self.to.data == "chosen":
            return Segment(refcodes=tuple(chosen))
        if self.to.data == "listed":
            return Segment(ids=self.ids)
        return Segment(
            status=self.status.data,
            group_id=self.group.data or None,
            terms_id=self.terms.data or None,
            least=self.least.data.minor if self.least.data else None,
            most=self.most.data.minor if self.most.data else None,
            sales=self.sales.data,
            days=self.days.data,
        )

    @staticmethod
    def data_of(mailing: Mailing, currency: str) -> dict[str, Any]:
        """Return a stored mailing as the form's data."""
        said = mailing.wishes
        return {
            "to": "listed" if said.ids else "chosen" if said.refcodes else "segment",
            "refcodes": ", ".join(said.refcodes),
            "status": said.status,
            "group": said.group_id or 0,
            "terms": said.terms_id or 0,
            "least": None if said.least is None else Money(said.least, currency),
            "most": None if said.most is None else Money(said.most, currency),
            "sales": said.sales,
            "days": said.days,
            "is_html": mailing.is_html,
            "pace": mailing.pace,
            **as_typed(mailing.texts),
        }


class StartForm(Form):
    """When it goes; empty: now."""

    at = LocalDateTimeField(_l("Start at"), [Optional()])
