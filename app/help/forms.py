"""The form of a question, and of a line in its thread."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.help.rules import LONGEST, LONGEST_PAGE, Kind
from app.web.forms import Filled, Form

KINDS: dict[str, LazyString] = {
    Kind.SUPPORT: _l("I have a question, or something does not work"),
    Kind.SETUP: _l("Set it up for me"),
    Kind.IDEA: _l("I have an idea"),
}
SHORT: dict[str, LazyString] = {
    Kind.SUPPORT: _l("Question"),
    Kind.SETUP: _l("Set-up"),
    Kind.IDEA: _l("Idea"),
}


class AskForm(Form):
    """What somebody wants, in his own words."""

    kind = RadioField(
        _l("What is it about?"),
        [InputRequired()],
        choices=list(KINDS.items()),
        default=Kind.SUPPORT.value,
    )
    text = TextAreaField(_l("Your words"), [Filled(), Length(max=LONGEST)], render_kw={"rows": 6})
    page = HiddenField(validators=[Length(max=LONGEST_PAGE * 4)])


class LineForm(Form):
    """One more line."""

    text = TextAreaField(_l("Your words"), [Filled(), Length(max=LONGEST)])
