"""Whom to invite, with which words; and what a guest says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    EmailField,
    IntegerField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange

from app.web.forms import Filled, Form, SelectField
from app.web.locale import LOCALES
from app.web.texts import TextsForm

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_PACE = 600
LONGEST_PASTE = 500_000
# Why a line was left out, in words.
WHY = {
    "email": _l("This is not an e-mail address."),
    "twice": _l("This e-mail stands above already."),
    "partner": _l("A partner has this e-mail."),
    "invited": _l("An invitation to this e-mail waits already."),
    "name": _l("The name is too long."),
    "group": _l("There is no such group."),
    "terms": _l("There are no such terms."),
    "sponsor": _l("No active partner has this code."),
    "code": _l("This is no code: 2 to 40 letters, digits, - and _, in one script."),
    "code_taken": _l("This code is taken."),
    "code_twice": _l("This code stands above already."),
    "cells": _l("There are more columns than are known."),
    "long": _l("A cell is too long."),
    "many": _l("Only the first 10,000 lines are taken at once."),
    "unreadable": _l("The file cannot be read from here on."),
}
# Words to begin with, so that an invitation can go as it is.
TEXTS = {
    "en": {
        "subject": "{shop} invites you to its partner program",
        "body": "Hello, {name}!\n\nRecommend {shop} and earn from every sale that you bring.\n\nJoin here: {link}",
    },
    "ru": {
        "subject": "{shop} приглашает в партнёрскую программу",
        "body": "Здравствуйте, {name}!\n\nРекомендуйте {shop} и получайте вознаграждение с каждой продажи.\n\n"
        "Вступить: {link}",
    },
}


class AskForm(TextsForm):  # type: ignore[misc,valid-type]
    """Lines pasted or in a file, what holds for all of them, and the words."""

    lines = TextAreaField(
        _l("E-mail, name, group, terms, sponsor, code"), [Length(max=LONGEST_PASTE)]
    )
    file = FileField(_l("Or a CSV file"))
    group = SelectField(_l("Group"), coerce=int, default=0)
    terms = SelectField(_l("Terms"), coerce=int, default=0)
    sponsor = StringField(_l("Parent partner"), [Length(max=60)])
    locale = SelectField(_l("Language of the letters"), choices=list(LOCALES.items()))
    pace = IntegerField(_l("Letters a minute"), [NumberRange(min=1, max=MOST_PACE)], default=30)

    def offer(self, groups: Iterable[Any], terms: Iterable[Any]) -> AskForm:
        """Offer groups and sets of terms; 0 is none."""
        self.group.choices = [(0, _l("None")), *((each.id, each.name) for each in groups)]
        unsaid = (0, _l("As the group says, else the base terms"))
        self.terms.choices = [unsaid, *((each.id, each.name) for each in terms)]
        return self


class AccountForm(Form):
    """The e-mail to which a partner without an account is invited."""

    email = EmailField(_l("E-mail"), [Filled(), Length(max=254)])
