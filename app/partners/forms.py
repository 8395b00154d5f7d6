"""Forms of partners: joining, making, changing, and the partner's own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import EmailField, StringField, TelField, TextAreaField, widgets
from wtforms.validators import Length

from app.partners.rules import Children
from app.programs.forms import DomainForm, LevelsForm
from app.web.forms import DayField, Filled, RadioField, SelectField, SelectMultipleField
from app.web.locale import LOCALES

if TYPE_CHECKING:
    from collections.abc import Iterable

# What the partner may have no letters about; money and entry are always told.
NOTICES = {
    "partner.recruited": _l("A partner has joined under me"),
    "commission.accrued": _l("A commission is on hold"),
    "commission.available": _l("A commission is available"),
    "cap.partner_near": _l("My monthly cap is nearly reached"),
    "document.issued": _l("A document is issued to me"),
    "digest.month": _l("A month is over: sales and money"),
    "mailing.started": _l("The merchant has news for partners"),
}
CHAT_NOTICES = NOTICES | {
    "payout.approved": _l("A payout is approved"),
    "payout.rejected": _l("A payout is declined"),
    "payout.paid": _l("A payout is sent"),
    "payout.failed": _l("A payout did not go through"),
}
SMS_NOTICES = {
    kind: CHAT_NOTICES[kind]
    for kind in CHAT_NOTICES
    if kind.startswith("payout.")
    or kind in {"partner.recruited", "commission.accrued", "commission.available"}
}


class ContactForm(DomainForm):
    """The merchant's own fields of a partner: how to reach him, and by which codes he is known."""

    name = StringField(lazy_pgettext("person", "Name"), [Filled(), Length(max=200)])
    email = EmailField(_l("E-mail"), [Length(max=254)])
    phone = TelField(_l("Phone"), [Length(max=40)])
    site = StringField(_l("Site"), [Length(max=500)])
    refcode = StringField(_l("Refcode"), [Length(max=60)])
    codes = StringField(_l("Promo codes"), [Length(max=2000)])
    comment = TextAreaField(_l("Comment"), [Length(max=10_000)])

    @property
    def promo_codes(self) -> list[str]:
        """Codes as they were typed: apart by commas or spaces."""
        return (self.codes.data or "").replace(",", " ").split()

    @property
    def contact(self) -> dict[str, Any]:
        """What services take of it, besides codes."""
        optional = {name: self[name].data or None for name in ("email", "phone", "site")}
        return {"name": self.name.data, "comment": self.comment.data or "", **optional}


class CustomerForm(DomainForm):
    """Who the partner is as a customer."""

    number = StringField(_l("Customer's number in the shop"), [Length(max=200)])


class SponsorForm(DomainForm):
    """Under whom a partner stands, from when, and until which day, that day included."""

    sponsor = StringField(_l("Parent partner"), [Length(max=60)])
    since = DayField(_l("From"))
    until = DayField(_l("Commissions to the parent end after"))


class EndForm(DomainForm):
    """The last day on which the parent earns; empty: without an end."""

    until = DayField(_l("Commissions to the parent end after"))


class RemovalForm(DomainForm):
    """What becomes of those below, and why the partner goes."""

    children = RadioField(
        _l("Those whom the partner brought"),
        [Filled()],
        choices=[
            (Children.STAY.value, _l("stay below; the removed partner forfeits his levels")),
            (Children.SPONSOR.value, _l("go to the partner's own parent")),
            (Children.ROOTS.value, _l("stand at the top, without a parent")),
        ],
        default=Children.STAY.value,
    )
    reason = StringField(_l("Reason"), [Length(max=500)])


class NewPartnerForm(ContactForm):
    """A partner made by the merchant."""

    sponsor = StringField(_l("Parent partner"), [Length(max=60)])
    until = DayField(_l("Commissions to the parent end after"))
    group = SelectField(_l("Group"), coerce=int)


class PartnerTermsForm(LevelsForm):
    """On which terms and in which group a partner is, and rates of his own."""

    terms = SelectField(_l("Terms"), coerce=int)
    group = SelectField(_l("Group"), coerce=int)

    def offer(self, terms: Iterable[Any], groups: Iterable[Any]) -> PartnerTermsForm:
        """Offer sets of terms and groups; 0 is nothing of one's own, or none."""
        unsaid = (0, _l("As the group says, else the base terms"))
        self.terms.choices = [unsaid, *((each.id, each.name) for each in terms)]
        self.group.choices = group_choices(groups)
        return self


def _boxes(label: Any, kinds: dict[str, Any]) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        choices=list(kinds.items()),
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )


def chats_of(partner: Any) -> list[str]:
    """Return the kinds that a partner wants in Telegram."""
    return [kind for kind in CHAT_NOTICES if f"telegram:{kind}" not in partner.muted]


class SettingsForm(DomainForm):
    """What a partner says of himself, and which letters he wants."""

    name = StringField(lazy_pgettext("person", "Name"), [Filled(), Length(max=200)])
    phone = TelField(_l("Phone"), [Length(max=40)])
    site = StringField(_l("Site"), [Length(max=500)])
    locale = SelectField(_l("Language"), choices=list(LOCALES.items()))
    notices = _boxes(_l("Write to me when"), NOTICES)
    chats = _boxes(_l("In Telegram when"), CHAT_NOTICES)
    texts = _boxes(_l("By SMS when"), SMS_NOTICES)

    @property
    def muted(self) -> list[str]:
        """What is turned off: kinds for letters, "telegram:" and a kind for the chat."""
        letters = [kind for kind in NOTICES if kind not in (self.notices.data or ())]
        chats = [f"telegram:{k}" for k in CHAT_NOTICES if k not in (self.chats.data or ())]
        return [*letters, *chats]

    def keep_hidden(self, partner: Any, *, chats: bool, texts: bool) -> SettingsForm:
        """Leave what the page did not show as it is."""
        if not chats:
            self.chats.data = chats_of(partner)
        if not texts:
            self.texts.data = list(partner.texted)
        return self


def group_choices(groups: Iterable[Any]) -> list[tuple[int, Any]]:
    """Return groups to choose from, none first."""
    return [(0, _l("None")), *((group.id, group.name) for group in groups)]
