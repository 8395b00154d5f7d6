"""Pay partners from the prepaid balance: fund whoever is next, and tell how each payout ended.

Locks in account order: the prepaid balance first ("merchant:balance" sorts before every partner's
account), so funding, giving back and topping up take turns, and none waits in a circle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.billing import queries as billing_queries
from app.billing import service as billing
from app.errors import Conflict, NotFound
from app.events import service as events
from app.extensions import db, kick_after_commit
from app.ledger import service as ledger
from app.ledger.rules import (
    COMMISSIONS,
    FEES,
    MERCHANT_BALANCE,
    Move,
    available,
    debt,
    funding,
    reserved,
)
from app.ledger.service import Posting
from app.papers import service as papers
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.settlement import queries, rules
from app.settlement.models import Funding
from app.settlement.rules import Means, Outcome, Wait
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.payouts.models import Payout
    from app.settlement.queries import Place, Policy, Queue
    from app.settlement.rules import Candidate, Price

TOGETHER = 200  # payouts that are funded in one transaction


def open_balance() -> None:
    """Let the merchant in scope have a prepaid balance, where he has none: the sweep then looks after him."""
    ledger.lock([MERCHANT_BALANCE], payout_queries.currency())


def ask_for_sweep() -> None:
    """Let the worker look at the queues once this transaction is on disk."""
    kick_after_commit(billing.SETTLE)


def settle() -> int:
    """Fund payouts for those at the head of the queue, strictly in order, while the balance lasts.

    Each gets all that is available to him. Returns how many were funded; when it is TOGETHER, there may
    be more. Twice does no harm: the money is in a payout after the first time.
    """
    how, currency = queries.policy(), payout_queries.currency()
    if not how.platform or tenants.in_shadow():
        return 0
    funds = ledger.lock([MERCHANT_BALANCE], currency)[MERCHANT_BALANCE]
    line = queries.queue(how, funds)
    heads = [place for place in line.line if place.wait is Wait.TURN][:TOGETHER]
    made = _fund(heads, how, line.means, currency) if heads else []
    billing.watch(funds, funds - sum(price.cost for price in made))
    if len(heads) < TOGETHER:
        _tell_if_short(line, currency)
    return len(made)


def _fund(heads: Sequence[Place], how: Policy, means: Means, currency: str) -> list[Price]:
    """Lock the heads' accounts, look again, and make their payouts."""
    ids = [place.candidate.partner_id for place in heads]
    standing = ledger.lock(
        [account(p) for p in ids for account in (available, debt, reserved)], currency
    )
    busy, held = payout_queries.with_open(ids), payouts.frozen(ids)
    taxes = papers.withheld_from({p: standing[available(p)] for p in ids}, currency)
    chosen: list[tuple[Candidate, Price]] = []
    for place in heads:
        partner = place.candidate.partner_id
        amount = standing[available(partner)]
        if partner in busy or partner in held or amount <= 0 or standing[debt(partner)] > 0:
            continue  # spent, owed, or in doubt since we looked
        price = how.price(amount, taxes[partner])
        if means.lacks(price):
            break
        means = means.after(price)
        chosen.append((place.candidate, price))
    made = payouts.open_funded([_wanted(c, p) for c, p in chosen], currency)
    now, postings = clock.now(), []
    for payout, (candidate, price) in zip(made, chosen, strict=True):
        db.session.add(
            Funding(
                payout_id=payout.id, partner_id=payout.partner_id, gross=price.gross, fee=price.fee,
                tax=price.tax, fee_paid_by=price.paid_by, rate=str(how.rate), since=candidate.since, funded_at=now,
            )
        )  # fmt: skip
        partner = payout.partner_id
        postings.append(
            Posting(
                f"payout:{payout.id}:funded",
                [
                    Move(
                        available(partner), reserved(partner), price.gross, "payout_funded",
                        partner=partner,
                    ),
                    *_moves((MERCHANT_BALANCE, funding(payout.id), price.cost, "funding")),
                ],
            )
        )  # fmt: skip
        payouts.record("approved", payout, fee=price.withheld, settled_by=rules.PLATFORM)
    ledger.send_all(postings, currency).check()
    return [price for _candidate, price in chosen]


def _wanted(candidate: Candidate, price: Price) -> payouts.Funded:
    """Return the payout to be made; who has no method to be paid by is not at the head of a queue."""
    return payouts.Funded(
        candidate.partner_id, price.gross, price.withheld, candidate.method_id or 0, price.tax
    )


def _tell_if_short(line: Queue, currency: str) -> None:
    """Tell the merchant, once after each top-up, that partners wait for the next one."""
    waiting = [place for place in line.line if place.wait is Wait.FUNDS]
    if waiting and billing.tell_once(f"short:{billing_queries.top_ups_so_far()}"):
        events.record(
            "balance.short",
            f"merchant:{current_tenant()}",
            amount=line.short,
            waiting=len(waiting),
            currency=currency,
        )


def pay(payout_id: int, by: str) -> Payout:
    """Mark a funded payout as paid: the partner has it, the fee is the platform's.

    Raises Conflict (409) in another state, Forbidden for one's own.
    """
    row = _row(payout_id)
    payouts.refuse_own(payouts.find_partner(row.partner_id), by)
    paid = payouts.pay(payout_id, by, platform=True)
    borne = row.fee if row.fee_paid_by == rules.MERCHANT else 0
    moves = _moves(
        (funding(payout_id), COMMISSIONS, _price(row).settled, "settled"),
        (funding(payout_id), FEES, borne, "fee"),
    )
    if moves:
        ledger.post(f"payout:{payout_id}:settled", moves, paid.currency)
    _end(row, Outcome.PAID)
    return paid


def fail(payout_id: int, reason: str, by: str) -> Payout:
    """Mark a funded payout as failed: the partner and the prepaid balance have the money again, without a fee.

    The partner queues again when the details change, or when somebody says to try again.
    """
    row = _row(payout_id)
    ledger.lock([MERCHANT_BALANCE], payout_queries.currency())
    failed = payouts.fail(payout_id, reason, by, platform=True)
    moves = _moves((funding(payout_id), MERCHANT_BALANCE, _price(row).cost, "funding_returned"))
    if moves:
        ledger.post(f"payout:{payout_id}:unfunded", moves, failed.currency)
    _end(row, Outcome.FAILED)
    kick_after_commit(billing.SETTLE)
    return failed


def send(payout_id: int, by: str) -> Payout:
    """Note that the operator has sent a funded payout."""
    _row(payout_id)
    return payouts.send(payout_id, by, platform=True)


def lose(payout_id: int, by: str) -> Payout:
    """Note that nobody knows whether a funded payout arrived; it is never repeated by itself."""
    _row(payout_id)
    return payouts.lose(payout_id, by, platform=True)


def try_again(partner_id: int, by: str) -> None:
    """Let a partner queue again whose last funded payout came back. Raises NotFound."""
    last = db.session.scalar(
        select(Funding).where(Funding.partner_id == partner_id).order_by(Funding.id.desc()).limit(1)
    )
    if last is None or last.outcome != Outcome.FAILED.value:
        raise NotFound
    if last.retry_at is None:
        last.retry_at = clock.now()
        events.record(
            "partner.payout_retried", f"partner:{partner_id}", partner_id=partner_id, by=by
        )
        kick_after_commit(billing.SETTLE)


def alarm() -> None:
    """Tell the merchant, once a month each, that 80 and 100 per cent of his alarm sum are earned."""
    limit = tenants.setting("spending_alarm")
    if not limit:
        return
    earned = queries.earned_this_month()
    month = queries.month_start().strftime("%Y-%m")
    reached = [
        s for s in rules.alarms(earned, limit) if billing.tell_once(f"alarm:{month}:{limit}:{s}")
    ]
    if reached:
        events.record(
            "spending.near",
            f"merchant:{current_tenant()}",
            amount=earned,
            most=limit,
            percent=max(reached),
            currency=payout_queries.currency(),
        )


def _moves(*wanted: tuple[str, str, int, str]) -> list[Move]:
    """Return the moves that move something: where all of a payout is tax, nothing is drawn."""
    return [Move(*each) for each in wanted if each[2]]


def _price(row: Funding) -> Price:
    return rules.Price(row.gross, row.fee, row.fee_paid_by, row.tax or 0)


def _row(payout_id: int) -> Funding:
    found = queries.of_payout(payout_id)
    if found is None:
        raise NotFound
    return found


def _end(row: Funding, outcome: Outcome) -> None:
    ended: Any = db.session.execute(
        update(Funding)
        .where(Funding.id == row.id, Funding.outcome.is_(None))
        .values(outcome=outcome.value, ended_at=clock.now())
    )
    if ended.rowcount != 1:
        raise Conflict("payout_state", _("This payout is not in a state that allows this."))
    db.session.refresh(row)
