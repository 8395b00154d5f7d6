"""The back office: what was sent to whom and its fate, and which notices partners get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.notifications import queries, service
from app.notifications.forms import NoticesForm
from app.notifications.models import Message
from app.site.access import may, requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table
from app.wordings.forms import TITLES

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Select

bp = Blueprint("notifications", __name__, url_prefix="/messages")

KINDS = {
    "signup.asked": _l("Confirm a sign-up"),
    "signup.confirmed": _l("A sign-up to decide on"),
    "signup.refused": _l("Sign-up not accepted"),
    "partner.applied": _l("Partner application"),
    "partner.registered": _l("Welcome after registration"),
    "partner.approved": _l("Welcome after approval"),
    "partner.created": _l("Welcome from the merchant"),
    "partner.invited": _l("Welcome, once more"),
    "partner.rejected": _l("Application not accepted"),
    "partner.details_changed": _l("Payment details changed"),
    "partner.details_restored": _l("Change of payment details taken back"),
    "partner.details_frozen": _l("Payment details frozen"),
    "partner.recruited": _l("New partner in the network"),
    "deal.overridden": _l("Commission set by hand"),
    "site.verified": _l("Site proved"),
    "site.lost": _l("Proof of a site is gone"),
    "postback.stopped": _l("Postback stopped"),
    "webhook.stopped": _l("Webhook stopped"),
    "connection.failing": _l("Shop does not work with us"),
    "partner.group_warned": _l("A group is about to be lost"),
    "partner.group_moved": _l("A group was changed by results"),
    "deal.held": _l("Deal held"),
    "deal.refused": _l("Deal refused"),
    "dispute.answered": _l("Staff answered the partner"),
    "dispute.asked": _l("The partner wrote about a missing sale"),
    "dispute.decided": _l("Dispute decided"),
    "dispute.opened": _l("A sale is said to be missing"),
    "dispute.overdue": _l("A dispute is overdue"),
    "partner.asked": _l("Confirm the e-mail"),
    "partner.blocked": _l("Blocked"),
    "partner.reopened": _l("Application reopened"),
    "partner.unblocked": _l("Unblocked"),
    "commission.accrued": _l("Sale counted"),
    "commission.available": _l("Hold ended"),
    "cap.near": _l("A cap nearly reached"),
    "cap.partner_near": _l("A partner's cap nearly reached"),
    "terms.announced": _l("New terms announced"),
    "books.broken": _l("Books not in order"),
    "help.asked": _l("Help asked for"),
    "help.answered": _l("A question was answered"),
    "question.asked": _l("A partner asked a question"),
    "question.answered": _l("A partner's question was answered"),
    "withdrawal.requested": _l("Bonuses asked for as money"),
    "withdrawal.rejected": _l("Withdrawal of bonuses rejected"),
    "bonus.cut": _l("An order spent more than may be"),
    "debt.arisen": _l("A debt has come up"),
    "debt.due": _l("Warned of a debt to be repaid"),
    "balance.received": _l("Balance topped up"),
    "balance.returned": _l("Prepaid money given back"),
    "balance.low": _l("Balance low"),
    "balance.short": _l("Partners wait for a top-up"),
    "spending.near": _l("The month's commissions near the sum"),
    "tariff.trial_ending": _l("The trial ends soon"),
    "tariff.invoiced": _l("Invoice of the platform made"),
    "tariff.unpaid": _l("Invoice of the platform unpaid"),
    "tariff.stopped": _l("Pages are read only until the platform is paid"),
    "tariff.resumed": _l("Everything works again"),
    "payout.requested": _l("Payout requested"),
    "payout.approved": _l("Payout approved"),
    "payout.rejected": _l("Payout declined"),
    "partner.adjusted": _l("Booked by hand"),
    "payout.paid": _l("Payout sent"),
    "payout.failed": _l("Payout failed"),
    "pay_run.planned": _l("Pay run prepared by the schedule"),
    "pay_run.first_approved": _l("A pay run waits for a second approval"),
    "payout.first_approved": _l("A payout waits for a second approval"),
    "pay_run.details_missing": _l("Payment details are missing"),
    "receipt.wanted": _l("A receipt is wanted"),
    "document.issued": _l("A document is issued"),
    "coupon.given": _l("Coupon for a first order"),
    "bonus.expiring": _l("Bonuses lapse soon"),
    "rank.warned": _l("A rank is about to be lost"),
    "customer.told": _l("Message to a customer"),
    "staff.told": _l("A rule of bonuses tells staff"),
    "wording.tried": _l("Trial of a message to customers"),
    "code.typed": _l("Was it you? A code was typed"),
    "coupon.pool_low": _l("Coupons run low"),
    "feed.failed": _l("A feed could not be loaded"),
    "feed.held": _l("A feed lost more than half of its offers"),
    "code.guessed": _l("Somebody guesses codes"),
    "invitation.sent": _l("Invitation to the program"),
    "mailing.started": _l("Mailing"),
    "mailing.tried": _l("Trial of a mailing"),
    "digest.month": _l("Monthly digest"),
    "digest.merchant": _l("Monthly digest of the merchant"),
    "sms.tried": _l("Trial SMS"),
    "sms.stopped": _l("Cap of SMS reached"),
    "staff.invited": _l("Invitation to the team"),
    "person.password_reset": _l("New password"),
}
STATES = [
    ("due", _l("Queued")),
    ("sending", _l("Sending")),
    ("sent", _l("Sent")),
    ("dead", _l("Given up")),
    ("unknown", _l("Unknown")),
]
CHANNELS = {"email": _l("E-mail"), "telegram": _l("Telegram"), "sms": _l("SMS")}


def shown_state(message: Any) -> str:
    """Return the state by which a message's badge is known."""
    return "queued" if message.state == "due" else str(message.state)


def _kind(message: Any) -> str:
    """Return what a message is; of those to customers also which of the merchant's texts it is."""
    said = str(KINDS.get(message.template, ""))
    text = TITLES.get(message.context.get("text"))
    return f"{said}: {text}" if text else said


def _address(message: Any) -> str:
    return str(_("a chat")) if message.channel == "telegram" else str(message.address)


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(Message.id.in_(queries.addressed(words)))


MESSAGES = Table(
    name="messages",
    caption=_l("Messages"),
    key=Message.id,
    default="-created_at",
    columns=(
        Column("template", _l("Letter"), main=True, value=_kind),
        Column("channel", _l("By"), value=lambda m: CHANNELS.get(m.channel), quiet=True),
        Column("address", _l("To"), render="name", value=_address),
        Column("created_at", _l("When"), render="datetime", sort=Message.id),
        Column("state", _l("State"), render="badge", value=shown_state),
        Column("attempts", _l("Attempts"), render="number", end=True, quiet=True),
        Column("problem", _l("Problem"), quiet=True),
        Column("id", _l("Again"), render="again"),
    ),
    filters=(
        Filter("state", _l("State"), STATES, lambda s, v: s.where(Message.state == v)),
        Filter(
            "channel",
            _l("By"),
            list(CHANNELS.items()),
            lambda s, v: s.where(Message.channel == v),
        ),
        Filter(
            "kind", _l("Letter"), list(KINDS.items()), lambda s, v: s.where(Message.template == v)
        ),
    ),
    search=_search,
    search_label=_l("E-mail address, or a part of it"),
    empty=Empty(
        _l("No messages yet"), _l("Letters to partners and staff are listed here."), "mail"
    ),
)


@bp.get("/")
@requires("read")
def index() -> Response:
    return page(
        "notifications/office/index.html",
        "_table.html",
        messages=MESSAGES.load(select(Message)),
        may_resend=may("manage"),
        form=_form() if may("settings") else None,
    )


@bp.post("/<int:message>/again")
@requires("manage")
def again(message: int) -> Response:
    service.again(message)
    return see_other("office.notifications.index", message=_("The letter will be tried again."))


@bp.post("/notices")
@requires("settings")
def notices() -> Response:
    service.switch(_form().wishes())
    return see_other("office.notifications.index", message=_("Saved."))


def _form() -> NoticesForm:
    switches = queries.switches()
    return NoticesForm.showing(lambda name: bool(switches.get(name, not name.startswith("sms:"))))
