"""Spend bonuses: at once or held first; give back what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock, sql
from app.bonuses.models import Hold
from app.bonuses.rules import Grant, Part
from app.bonuses.service.granting import grant
from app.bonuses.service.wallets import About, done, opened, write
from app.errors import Conflict, NotFound
from app.events import service as events
from app.extensions import db
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.bonuses.rules import Wallet

# What a spending took and has not got back, in the order taken.
_LEFT = """
SELECT p.member_id, p.reference, p.lot_id, p.amount - coalesce(r.amount, 0) AS amount
FROM lot_part p
LEFT JOIN (SELECT of, lot_id, sum(amount)::bigint AS amount FROM lot_part
           WHERE of = %(reference)s GROUP BY 1, 2) r
     ON r.of = p.reference AND r.lot_id IS NOT DISTINCT FROM p.lot_id
WHERE p.reference = %(reference)s AND p.kind = 'spend' ORDER BY p.id
"""
_HELD = "SELECT reference, lot_id, amount FROM lot_part WHERE reference = %(reference)s AND kind = 'hold' ORDER BY id"
_WHOSE = "SELECT member_id FROM lot_part WHERE reference = %(reference)s LIMIT 1"


class NotEnough(Conflict):
    """The customer has fewer bonuses than are asked for; `available` says how many, minor units."""

    def __init__(self, available: int) -> None:
        super().__init__("not_enough_bonuses", str(_("The customer has fewer bonuses.")))
        self.available = available


def spend(
    member_id: int,
    amount: int,
    reference: str,
    *,
    order_id: int | None = None,
    may_owe: bool = False,
    reason: str | None = None,
) -> None:
    """Spend `amount` (minor units, above zero) at once, from what lapses first; once by `reference`.

    Raises NotEnough above what is available, unless `may_owe`: then the rest is debt.
    """
    wallet = opened([member_id])[member_id]
    if done([reference]):
        return
    if amount > wallet.available and not may_owe:
        raise NotEnough(wallet.available)
    wallet.spend(amount, reference)
    write([wallet], {reference: About(order_id, reason)})
    _tell("bonus.spent", member_id, amount, order_id)


def hold(member_id: int, amount: int, reference: str, until: datetime) -> Hold:
    """Reserve `amount` for an order until an instant; once by `reference`. Raises NotEnough."""
    wallet = opened([member_id])[member_id]
    found = _find(reference)
    if found is not None:
        return found
    if amount > wallet.available:
        raise NotEnough(wallet.available)
    wallet.hold(amount, reference)
    write([wallet])
    made = Hold(
        public_id=public_id("bh"),
        member_id=member_id,
        reference=reference,
        amount=amount,
        state="held",
        until=until,
        made_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    return made


def capture(hold_reference: str, reference: str, order_id: int | None = None) -> Hold:
    """Spend what was held; once, and never what was let go (Conflict). Raises NotFound."""
    found = _asked(hold_reference)
    wallet, parts = _reopened(found)
    if found.state == "captured":
        return found
    if found.state != "held":
        raise Conflict("hold_over", _("These bonuses were let go."))
    wallet.capture(parts, reference)
    write([wallet], {reference: About(order_id)})
    _end(found, "captured", reference)
    _tell("bonus.spent", found.member_id, found.amount, order_id)
    return found


def void(hold_reference: str, state: str = "voided") -> Hold:
    """Let what was held go; once, and never what was spent (Conflict). Raises NotFound."""
    found = _asked(hold_reference)
    wallet, parts = _reopened(found)
    if found.state == "captured":
        raise Conflict("hold_over", _("These bonuses were spent."))
    if found.state == "held":
        wallet.void(parts, f"{hold_reference}:void")
        write([wallet])
        _end(found, state)
    return found


def give_back(
    spend_reference: str,
    amount: int,
    reference: str,
    *,
    order_id: int | None = None,
    reason: str | None = None,
) -> None:
    """Give back `amount` of a spending to the same lots, the last taken first; once by `reference`.

    Raises NotFound for a spending that is not there, ValueError above what was spent and not given
    back so far.
    """
    whose = sql.one(_WHOSE, {"reference": spend_reference})
    if whose is None:
        raise NotFound
    member_id = int(whose.member_id)
    opened([member_id], lots=False)  # the lock, so that the parts are read as they stand
    if done([reference]):
        return
    parts = _parts(sql.rows(_LEFT, {"reference": spend_reference}))
    ids = [part.lot for part in parts if part.lot is not None]
    wallet = opened([member_id], ids=ids)[member_id]
    paid = wallet.give_back(parts, amount, reference)
    write([wallet], {reference: About(order_id, reason)})
    if paid:
        back = f"{reference}:paid"
        grant(
            [
                Grant(
                    member_id=member_id,
                    amount=paid,
                    reference=back,
                    kind="return",
                    order_id=order_id,
                    reason=reason,
                )
            ]
        )
    _tell("bonus.returned", member_id, amount, order_id)


def _parts(rows: Iterable[Any]) -> list[Part]:
    return [Part(r.reference, r.lot_id, "spend", r.amount) for r in rows if r.amount]


def _reopened(found: Hold) -> tuple[Wallet, list[Part]]:
    """Lock the customer, look at the hold again, and return his wallet with the lots it is held in."""
    parts = _parts(sql.rows(_HELD, {"reference": found.reference}))
    ids = [part.lot for part in parts if part.lot is not None]
    wallet = opened([found.member_id], ids=ids)[found.member_id]
    db.session.refresh(found)
    return wallet, parts


def _find(reference: str) -> Hold | None:
    return db.session.scalar(select(Hold).where(Hold.reference == reference))


def _asked(reference: str) -> Hold:
    found = _find(reference)
    if found is None:
        raise NotFound
    return found


def _end(found: Hold, state: str, spending: str | None = None) -> None:
    values = {"state": state, "spending": spending, "ended_at": clock.now()}
    db.session.execute(update(Hold).where(Hold.id == found.id).values(**values))


def _tell(kind: str, member_id: int, amount: int, order_id: int | None) -> None:
    events.record(
        kind, f"member:{member_id}", member_id=member_id, amount=amount, order_id=order_id
    )
