"""Forms of documents: issue for a period, say why one is void, and the merchant's words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import StringField, TextAreaField, widgets
from wtforms.validators import Length

from app.documents.rules import LONGEST_WORDS, REASON, Kind, Words
from app.web.forms import DayField, Filled, Form, SelectField, SelectMultipleField
from app.web.locale import LOCALES

KINDS = {
    Kind.ACT: lazy_pgettext("document", "Act"),
    Kind.STATEMENT: lazy_pgettext("document", "Statement"),
    Kind.RECONCILIATION: _l("Reconciliation"),
}


class IssueForm(Form):
    """Which documents, for which days, to whom and in which language."""

    kinds = SelectMultipleField(
        _l("Documents"),
        [Filled()],
        choices=[(kind.value, words) for kind, words in KINDS.items()],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
        default=[Kind.ACT.value],
    )
    first = DayField(_l("From the day"), [Filled()])
    last = DayField(_l("To the day"), [Filled()])
    partner = StringField(
        _l("Partner's code"), [Length(max=128)], description=_l("Empty: all partners who earned.")
    )
    locale = SelectField(_l("Language"), choices=list(LOCALES.items()))

    @property
    def chosen(self) -> list[Kind]:
        """The kinds that were ticked."""
        return [Kind(value) for value in self.kinds.data or ()]


class VoidForm(Form):
    """Why a document is void."""

    reason = StringField(
        _l("Why is it void? It stands on the document."), [Filled(), Length(max=REASON)]
    )


class WordsForm(Form):
    """The words of one kind of document in one language."""

    title = StringField(_l("Title"), [Length(max=LONGEST_WORDS["title"])])
    intro = TextAreaField(_l("Above the lines"), [Length(max=LONGEST_WORDS["intro"])])
    closing = TextAreaField(_l("Below the lines"), [Length(max=LONGEST_WORDS["closing"])])
    sign_us = StringField(_l("Who signs for the shop"), [Length(max=LONGEST_WORDS["sign_us"])])
    sign_them = StringField(
        _l("Who signs for the partner"), [Length(max=LONGEST_WORDS["sign_them"])]
    )

    def said(self) -> dict[str, str]:
        """Return what was written, by field."""
        return {name: self[name].data or "" for name in LONGEST_WORDS}

    def words(self, usual: Words) -> Words:
        """Return the words as a document would have them."""
        return Words.of(self.said(), usual)
