"""The forms of outgoing webhooks."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.web.forms import DayField, Filled, Form, RadioField, SelectMultipleField
from app.web.happenings import HAPPENINGS
from app.webhooks.rules import OFFERED

ALL, CHOSEN = "all", "chosen"
_GROUPS = {
    "orders": _l("Orders and deals"),
    "money": _l("Partners' money"),
    "partners": _l("Partners and codes"),
    "customers": _l("Customers and bonuses"),
}


def _kinds(group: str) -> SelectMultipleField:
    return SelectMultipleField(
        _GROUPS[group],
        choices=[(kind, HAPPENINGS[kind]) for kind in OFFERED[group]],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )


class EventsForm(Form):
    """Of what an endpoint is told, and what it is."""

    note = StringField(
        _l("Note"),
        [Length(max=200)],
        description=_l("What this server does, for whoever looks here next."),
    )
    what = RadioField(
        _l("Tell of"),
        choices=[(ALL, _l("Everything, also what is added later")), (CHOSEN, _l("What is ticked"))],
        default=ALL,
    )
    orders = _kinds("orders")
    money = _kinds("money")
    partners = _kinds("partners")
    customers = _kinds("customers")

    @property
    def types(self) -> list[str]:
        """The chosen types; none: all of them."""
        if self.what.data == ALL:
            return []
        return [kind for group in OFFERED for kind in self[group].data or []]

    def validate_what(self, field: Any) -> None:
        """Refuse a choice of nothing."""
        if field.data == CHOSEN and not self.types:
            raise ValidationError(_("Tick at least one."))


class EndpointForm(EventsForm):
    """A new endpoint."""

    url = StringField(
        _l("Address"),
        [Filled(), Length(max=2000)],
        render_kw={
            "inputmode": "url",
            "autocomplete": "off",
            "placeholder": "https://shop.example/partnerka-events",
        },
    )


class AgainForm(Form):
    """From when on what happened is told once more."""

    since = DayField(_l("From this day on"), [Filled()])
    which = RadioField(  # no second `what` on one page: labels would tick the other form's
        _l("Which messages"),
        choices=[
            ("missed", _l("Those that were given up or never sent")),
            ("all", _l("All of them; each keeps its number")),
        ],
        default="missed",
    )
