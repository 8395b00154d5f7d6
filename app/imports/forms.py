"""Whose export it is and of what; what its columns mean; the sentences for what is wrong in a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask_babel import LazyString, lazy_pgettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import Length, NumberRange

from app.imports.rules import KINDS, PARAMETERS
from app.invitations.forms import MOST_PACE
from app.requisites.service import WORDS as DETAILS
from app.web.forms import Filled, Form, RadioField, SelectField
from app.web.texts import TextsForm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.imports.models import ImportFile

NOWHERE = -1
SOURCES: dict[str, LazyString | str] = {
    "refpro": "RefPRO",
    "skyweb24": "Skyweb24",
    "autoweboffice": "AutoWebOffice",
    "postaffiliatepro": "Post Affiliate Pro",
    "affiliatewp": "AffiliateWP",
    "other": _l("Another system"),
}
KIND_WORDS: dict[str, LazyString] = {
    "partner": _l("Partners and their network"),
    "code": _l("Promo codes of partners"),
    "balance": _l("Opening balances and debts of partners"),
    "details": _l("Payment details of partners"),
    "member": _l("Customers of the shop"),
    "binding": _l("Which partner a customer belongs to"),
    "card": _l("Card numbers of customers"),
    "accrual": _l("What the former service accrued, order by order, to compare"),
    "lot": _l("Bonuses of customers"),
}
MONEY = frozenset({"balance", "lot", "details"})  # kinds that move money: for those who may
FIELDS: dict[str, LazyString] = {
    "id": _l("Number in the old system"),
    "name": lazy_pgettext("person", "Name"),
    "surname": _l("Surname"),
    "email": _l("E-mail"),
    "phone": _l("Phone"),
    "code": _l("Code in old links"),
    "aliases": _l("Further old codes"),
    "sponsor": _l("Parent partner: number or code"),
    "group": _l("Group"),
    "terms": _l("Terms"),
    "rate": _l("Own rate"),
    "status": _l("State"),
    "site": _l("Site"),
    "comment": _l("Comment"),
    "joined": _l("Joined on"),
    "partner": _l("Partner: number, code or e-mail"),
    "amount": _l("Sum"),
    "debt": _l("Debt"),
    "currency": _l("Currency"),
    "holder": _l("Payee"),
    "inn": _l("INN"),
    "kpp": _l("KPP"),
    "ogrn": _l("OGRN"),
    "bik": _l("BIK"),
    "account": _l("Account"),
    "bank": _l("Bank"),
    "correspondent": _l("Correspondent account"),
    "iban": _l("IBAN"),
    "bic": _l("BIC"),
    "card": _l("Card"),
    "number": _l("Card number"),
    "address": _l("Address"),
    "order": _l("Order: its number or the shop's id"),
    "level": _l("Level"),
    "base": _l("What it was counted from"),
    "day": _l("Day"),
    "member": _l("Customer: the shop's id"),
    "member_email": _l("Customer: e-mail"),
    "birthday": _l("Birthday"),
    "registered": _l("Registered on"),
    "since": _l("Belongs to the partner since"),
    "gives": _l("What the buyer gets"),
    "expires": _l("Lapse on"),
    "activates": _l("Wake on"),
    "reason": _l("Reason; the customer reads it"),
}
VERDICTS: dict[str, LazyString] = {
    "new": lazy_pgettext("row", "New"),
    "changed": lazy_pgettext("row", "Changed"),
    "same": lazy_pgettext("row", "The same"),
    "refused": lazy_pgettext("row", "Refused"),
}
UNREADABLE: dict[str, LazyString] = {
    "empty": _l("There are no rows in this file."),
    "kind": _l("This is no CSV and no XLSX file."),
    "old": _l("This is a workbook of the old kind. Save it as XLSX or CSV."),
    "size": _l("The file is too large."),
    "head": _l("The first row must name the columns."),
    "columns": _l("There are too many columns."),
    "rows": _l("There are too many rows: at most 250,000 in a workbook, 1,100,000 in a CSV file."),
}
# What is wrong in a row, by code; %(said)s is what stands there.
WHY: dict[str, LazyString] = {
    "missing": _l("Nothing stands here."),
    "unreadable": _l("This cannot be read: %(said)s"),
    "too_long": _l("This is too long: %(said)s"),
    "email": _l("This is not an e-mail address: %(said)s"),
    "phone": _l("This is no phone number: %(said)s"),
    "code": _l("No link can have carried this: %(said)s"),
    "site": _l("This is no address of a site: %(said)s"),
    "status": _l("This state is not known: %(said)s"),
    "currency": _l("Your program runs in another currency: %(said)s"),
    "sum": _l("This is no sum: %(said)s"),
    "not_more": _l("Bonuses are a sum above nothing, not %(said)s."),
    "too_precise": _l("This currency has fewer decimals: %(said)s"),
    "too_large": _l("The sum is too large: %(said)s"),
    "rate": _l("Write percents such as 10%%, or a fixed sum: %(said)s"),
    "day": _l("This is no day: %(said)s"),
    "twice": _l("The same stands in line %(said)s already."),
    "circle": _l("These parents form a circle: %(said)s"),
    "own_sponsor": _l("Nobody is their own parent."),
    "no_sponsor": _l("There is no parent %(said)s: the partner comes in at the top."),
    "sponsor_refused": _l(
        "The row of the parent %(said)s is refused: the partner comes in at the top."
    ),
    "code_taken": _l("Another partner has the code %(said)s."),
    "email_taken": _l("Another partner has the e-mail %(said)s."),
    "only_old": _l(
        "%(said)s is no code here: old links keep working, the partner gets a new code."
    ),
    "is_here": _l(
        "A partner with the e-mail %(said)s is here already: he is kept, and gets the old codes."
    ),
    "no_group": _l("There is no group %(said)s. Make it first."),
    "no_terms": _l("There are no terms %(said)s. Make them first."),
    "no_partner": _l("There is no partner %(said)s. Bring the partners first."),
    "no_method": _l("There is no payout method yet."),
    "has_details": _l("The partner has given other payment details here: they stay."),
    "no_member": _l("There is no customer %(said)s. Bring the customers first."),
    "other_member": _l("%(said)s was another customer the last time."),
    "customer_here": _l("The customer %(said)s is known: only what is not known of him is taken."),
    "bound_here": _l("The customer belongs to another partner here already, not to %(said)s."),
    "no_code": _l("This is no code: 2 to 40 letters, digits, - and _, in one script: %(said)s"),
    "no_card": _l("A card's number has 4 to 40 letters, digits and dashes: %(said)s"),
    "card_taken": _l("Another customer has the card %(said)s."),
    "has_card": _l("The customer has another card here already: %(said)s. It stays."),
    "no_order": _l("There is no order %(said)s here."),
    "unknown_partner": _l("There is no partner %(said)s here."),
    "lapsed": _l("These bonuses lapsed on %(said)s already."),
    "other_partner": _l("%(said)s was another partner the last time."),
}
DECIMALS = (".", ","), ("1234.50", "1 234,50")
DAYS = ("dmy", "mdy"), ("31.12.2026, 31/12/2026", "12/31/2026")


def why(flaw: dict[str, Any]) -> str:
    """Return the sentence about a flaw, in the reader's language."""
    if flaw["code"].startswith("details_"):
        sentence = str(DETAILS[flaw["code"].removeprefix("details_")])
        return str(sentence % json.loads(flaw["said"] or "{}"))
    words = str(WHY.get(flaw["code"], flaw["code"]))
    return words % {"said": flaw["said"]}


# Why something a file gave could not be taken back.
KEPT: dict[str, LazyString] = {
    "money": _l("the money has moved on since"),
    "account": _l("the partner has an account already"),
    "customers": _l("clicks or orders came since"),
    "children": _l("other partners stand below"),
    "corrected": _l("another file, or somebody here, had a say before"),
    "spent": _l("the customer has spent of it"),
    "ordered": _l("the customer has ordered since"),
}


class InviteForm(TextsForm):  # type: ignore[misc,valid-type]
    """The words of the letters to those who were brought along, and their pace."""

    pace = IntegerField(
        _l("Letters a minute"), [NumberRange(min=1, max=MOST_PACE)], default=MOST_PACE
    )


class UploadForm(Form):
    """A file, whose export it is, and of what."""

    source = SelectField(_l("From"), [Filled()], choices=list(SOURCES.items()))
    kind = SelectField(_l("What is in it"), [Filled()])
    file = FileField(_l("File"), description=_l("CSV or XLSX; the first row names the columns."))

    def offer(self, kinds: Iterable[str]) -> UploadForm:
        """Offer the kinds that the reader may bring along."""
        self.kind.choices = [(kind, KIND_WORDS[kind]) for kind in kinds]
        return self


class _ColumnsForm(Form):
    """What is asked beside the columns."""

    decimal = RadioField(_l("Sums are written"), choices=list(zip(*DECIMALS, strict=True)))
    days = RadioField(_l("Days are written"), choices=list(zip(*DAYS, strict=True)))


class _ShopForm(_ColumnsForm):
    """What is asked beside the columns of customers."""

    shop = SelectField(_l("Shop"))


class _DetailsForm(_ColumnsForm):
    """What is asked beside the columns of payment details."""

    method = SelectField(_l("Payout method"))


class _NetworkForm(_ColumnsForm):
    """What is asked beside the columns of a network."""

    ids_in_links = BooleanField(_l("Old links carry the partner's number instead of a code"))
    parameters = StringField(
        _l("Names under which old addresses carry it"),
        [Length(max=200)],
        description=_l("Such as ref, aff, partner: addresses with these names go on counting."),
    )


BASES: dict[str, type[_ColumnsForm]] = {
    "partner": _NetworkForm,
    "member": _ShopForm,
    "binding": _ShopForm,
    "card": _ShopForm,
    "lot": _ShopForm,
    "details": _DetailsForm,
}


def columns_form(
    file: ImportFile,
    known: list[str],
    shops: Iterable[tuple[str, str]],
    ways: Iterable[tuple[str, str]],
) -> Any:
    """Return the form that asks what the columns of a file mean, filled with the guess."""
    base = BASES.get(file.kind, _ColumnsForm)
    places = [(NOWHERE, _l("Not in the file")), *enumerate(heads_of(file))]
    asked: dict[str, Any] = {
        f.name: SelectField(FIELDS[f.name], coerce=int, choices=places, default=NOWHERE)
        for f in KINDS[file.kind].fields
    }
    if not any(f.reads in {"date", "moment", "until"} for f in KINDS[file.kind].fields):
        asked["days"] = None
    made = type("ColumnsForm", (base,), asked)
    wanted = [n for n in PARAMETERS.get(file.source, ()) if n not in known]
    data = {
        "decimal": ".",
        "days": "dmy",
        "parameters": ", ".join(wanted),
        **file.options,
        **file.mapping,
    }
    form = made(data=data)
    if "method" in form:
        form.method.choices = list(ways)
    if "shop" in form:
        form.shop.choices = list(shops)
    return form


def heads_of(file: ImportFile) -> list[str]:
    """Return the heads of a file's columns; one without a head is told by its number."""
    return [head or f"({place})" for place, head in enumerate(file.columns, start=1)]
