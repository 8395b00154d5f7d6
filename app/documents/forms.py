"""Forms of documents: issue for a period, say why one is void, and the merchant's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date
from flask_babel import force_locale, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField, widgets
from wtforms.validators import Length

from app.documents.rules import LONGEST_WORDS, REASON, Content, Kind, Words, filled
from app.web.filters import Pen
from app.web.forms import DayField, Filled, Form, SelectField, SelectMultipleField
from app.web.locale import LOCALES, zone

if TYPE_CHECKING:
    from app.documents.models import Document

REQUISITES = {
    "inn": _l("INN"),
    "kpp": _l("KPP"),
    "ogrn": _l("OGRN"),
    "address": _l("Address"),
    "bank": _l("Bank"),
    "bik": _l("BIK"),
    "account": lazy_pgettext("bank", "Account"),
    "iban": "IBAN",
    "bic": "BIC",
}
KINDS = {
    Kind.ACT: lazy_pgettext("document", "Act"),
    Kind.STATEMENT: lazy_pgettext("document", "Statement"),
    Kind.RECONCILIATION: _l("Reconciliation"),
}


@dataclass(frozen=True)
class Sheet:
    """A document as it is printed: every word and figure in its own language, whoever reads it."""

    words: Words
    head: list[str]
    rows: list[list[str]]
    figures: list[int]  # columns that are figures
    void: str
    replaces: str
    cut: str
    labels: dict[str, str]  # of requisites


def sheet(document: Document, content: Content, replaces: Document | None) -> Sheet:
    """Return a document as it is printed."""
    with force_locale(content.locale):
        pen = Pen(content.locale, document.currency, zone())
        if document.kind == Kind.ACT:
            head, rows = _act(content, document.amount, pen)
        else:
            head, rows = _account(content, pen)
        void = ""
        if document.voided_at is not None:
            day = format_date(pen.local(document.voided_at), locale=content.locale)
            void = _("Void since %(day)s: %(reason)s", day=day, reason=document.void_reason)
        return Sheet(
            words=filled(content, document.label),
            head=[str(word) for word in head],
            rows=rows,
            figures=list(range(len(head)))[-1 if document.kind == Kind.ACT else -2 :],
            void=str(void),
            replaces=_("Takes the place of %(number)s, which is void.", number=replaces.label)
            if replaces
            else "",
            cut=_("%(count)s more lines stand in the statement's file.", count=content.cut)
            if content.cut
            else "",
            labels={name: str(word) for name, word in REQUISITES.items()},
        )


def _act(content: Content, amount: int, pen: Pen) -> tuple[list[str], list[list[str]]]:
    rows = [[row.what, pen.money_text(row.amount)] for row in content.rows]
    rows.append([str(_("In all")), pen.money_text(amount)])
    return [_("What"), _("Amount")], rows


def _account(content: Content, pen: Pen) -> tuple[list[str], list[list[str]]]:
    first, last = (content.values[name] for name in ("first", "last"))
    rows = [[first, str(_("Opening balance")), "", "", pen.money_text(content.opening)]]
    for row in content.rows:
        day = format_date(date.fromisoformat(row.at), locale=content.locale)
        sums = pen.money_text(row.amount), pen.money_text(row.balance or 0)
        rows.append([day, row.what, row.about, *sums])
    rows.append([last, str(_("Closing balance")), "", "", pen.money_text(content.closing)])
    return [_("Day"), _("What"), _("What for"), _("Amount"), _("Balance")], rows


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
