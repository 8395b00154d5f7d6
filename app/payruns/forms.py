"""Forms about pay runs, and the words for what keeps a partner out of one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectMultipleField, StringField, widgets
from wtforms.validators import InputRequired, Length, NumberRange

from app.payruns.rules import Out, Pays
from app.web.forms import DayField, Filled, Form, MoneyField, SelectField

REASONS = {
    Out.OPEN_PAYOUT: _l("Another payout is open"),
    Out.LATER: _l("Earned after the day"),
    Out.BELOW_MINIMUM: _l("Below the minimum"),
    Out.INACTIVE: _l("Not an active partner"),
    Out.BLOCKED: _l("Blocked"),
    Out.DEBT: _l("Owes money after a return"),
    Out.NO_DETAILS: _l("No payment details"),
    Out.COOLING: _l("Details changed less than a day ago"),
    Out.FROZEN: _l("Details frozen: a change was disowned"),
    Out.DOCUMENTS: _l("Documents are missing"),
    Out.OWN: _l("Own payout of who decides"),
    Out.CHANGED: _l("Changed since the look"),
    Out.PROBLEM: _l("Could not be done"),
}
PAYS = [
    (Pays.AVAILABLE.value, _l("Everything available, without requests")),
    (Pays.BOTH.value, _l("Everything available, and the requests that wait")),
    (Pays.ASKED.value, _l("Only the requests that wait")),
]
WEEKDAYS = [
    ("1", _l("Monday")),
    ("2", _l("Tuesday")),
    ("3", _l("Wednesday")),
    ("4", _l("Thursday")),
    ("5", _l("Friday")),
    ("6", _l("Saturday")),
    ("7", _l("Sunday")),
]


class RunForm(Form):
    """Whom a run pays."""

    pays = RadioField(_l("What is paid"), [Filled()], choices=PAYS, default=Pays.AVAILABLE.value)
    on_day = DayField(_l("Earned by the end of"), [Filled()])
    method = SelectField(_l("Method"), choices=[])


class PlanForm(Form):
    """When runs prepare themselves, and the limit of one person."""

    every = RadioField(
        _l("A run prepares itself"),
        [Filled()],
        choices=[
            ("never", _l("Never: I make runs by hand")),
            ("week", _l("Every week")),
            ("month", _l("Every month")),
        ],
    )
    weekday = SelectField(_l("Day of the week"), choices=WEEKDAYS)
    day = IntegerField(_l("Day of the month"), [InputRequired(), NumberRange(min=1, max=31)])
    shift = RadioField(
        _l("If it is not a working day"),
        [Filled()],
        choices=[("before", _l("The working day before")), ("after", _l("The working day after"))],
    )
    pays = RadioField(_l("What is paid"), [Filled()], choices=PAYS)
    weekend = SelectMultipleField(
        _l("Days off"),
        choices=WEEKDAYS,
        widget=widgets.ListWidget(prefix_label=False),
        option_widget=widgets.CheckboxInput(),
    )
    second_above = MoneyField(_l("A second person approves above"))


class SpanForm(Form):
    """Days that are otherwise than their day of the week says."""

    first = DayField(_l("From the day"), [Filled()])
    last = DayField(_l("To the day"), [Filled()])
    works = RadioField(
        _l("These days are"),
        [Filled()],
        choices=[("no", _l("Days off")), ("yes", _l("Working days"))],
        default="no",
    )
    name = StringField(_l("Name"), [Length(max=60)])
