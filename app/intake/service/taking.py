"""Take in what shops say: messages of orders, customers, deletions, the end of holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from app import clock
from app.attribution import service as attribution
from app.events import service as events
from app.events.service import Happened
from app.extensions import db
from app.intake.service.judging import tenant
from app.intake.service.rewarding import reward
from app.intake.service.settling import hold, in_turn, locked_again, reconcile
from app.members import service as members
from app.members.rules import region_of
from app.orders import service as orders
from app.orders.rules import partner_data
from app.orders.service import Incoming, Standing, Word
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from app.attribution.rules import Kind
    from app.commissions.service import ByHand
    from app.ledger.service import Posting
    from app.members.service import Card, Contact, Resolution
    from app.orders.rules import PartnerData

Name = tuple[int, str]  # an order's shop, and its id there
News = tuple[Incoming, Standing | None]  # a message that is no double, and its order so far


@dataclass(frozen=True)
class Applied:
    """What one message did: its order as it now stands, and whether it said anything new."""

    order: Standing
    changed: bool


def apply(incoming: Incoming) -> Applied:
    """Take in one message of a shop: see `apply_all`."""
    return apply_all([incoming])[0]


def apply_all(incoming: Sequence[Incoming]) -> list[Applied]:
    """Take in messages of the scope's shops and book what they make due, all in the caller's transaction.

    New order, status change, refund, duplicate, late or reordered message: the same path. A double
    writes nothing. Answers stand in the order asked. Raises Retry when another transaction moved
    an order meanwhile.
    """
    peeked = orders.peek(incoming)
    news = [
        (one, seen) for one, (seen, doubled) in zip(incoming, peeked, strict=True) if not doubled
    ]
    standing = _book_news(news) if news else {}
    return [
        Applied(standing.get(_name(one)) or _known(seen), changed=_name(one) in standing)
        for one, (seen, _doubled) in zip(incoming, peeked, strict=True)
    ]


def _name(incoming: Incoming) -> Name:
    return incoming.shop_id, incoming.external_id


def _known(order: Standing | None) -> Standing:
    if order is None:
        raise LookupError("a message that is no double has an order")
    return order


def _book_news(news: Sequence[News]) -> dict[Name, Standing]:
    """Take in messages that are no doubles; return the orders that changed, by shop and id."""
    in_turn()
    region = region_of(tenant().currency)
    contacts = [orders.contact_of(one.snapshot, one.shop_id, region) for one, _seen in news]
    whose = members.resolve(contacts)
    owners, moved = _moves(whose)
    before = {_name(one): seen for one, seen in news if seen is not None}
    held = moved | {m for seen in before.values() for m in (seen.member_id, seen.guest_id)}
    made = {w.member_id for w in whose if w.made} - held
    members.lock(held | {m for w in whose for m in (w.member_id, w.guest_id)} - made)
    changed = _take_in(news, whose, before)
    orders.take_over(owners)
    attribution.take_over(owners)
    events.record_all(list(_unmapped(news, changed)))
    members.refresh(_newest(news, contacts, whose, changed))
    touched = moved | {order.member_id for order in changed.values()}
    touched |= {seen.member_id for name, seen in before.items() if name in changed}
    reconcile(list(changed.values()), touched, alone={m for m in made if m is not None})
    return changed


def _moves(whose: Sequence[Resolution]) -> tuple[dict[int, int], set[int | None]]:
    """Return {guest: owner} where an id has shown a guest's e-mail, and the customers concerned."""
    owned = {
        w.owned_guest_id: w.owner_id
        for w in whose
        if w.owned_guest_id is not None and w.owner_id is not None
    }
    now = orders.members_of_guests(owned)
    for guest, found in attribution.members_of_guests(owned).items():
        now[guest] = now.get(guest, set()) | found
    moving = {guest: owner for guest, owner in owned.items() if now.get(guest, set()) - {owner}}
    return moving, {m for guest, owner in moving.items() for m in (owner, *now[guest])}


def _unmapped(news: Sequence[News], changed: Mapping[Name, Standing]) -> Iterator[Happened]:
    for one, _seen in news:
        if one.state is None and _name(one) in changed:
            facts = {"status": one.snapshot.status}
            yield Happened("order.unmapped_status", f"order:{changed[_name(one)].id}", facts)


def _take_in(
    news: Sequence[News], whose: Sequence[Resolution], before: Mapping[Name, Standing]
) -> dict[Name, Standing]:
    """Make the orders that are new, and fold the messages into the others under their locks."""
    words: dict[Name, list[Word]] = defaultdict(list)
    for (one, _seen), resolved in zip(news, whose, strict=True):
        words[_name(one)].append(Word(one, resolved.member_id, resolved.guest_id))
    locked = locked_again(before.values())
    fresh = orders.open_all([said for name, said in words.items() if name not in before])
    folded = orders.take_in([(locked[seen.id], words[name]) for name, seen in before.items()])
    return {(order.shop_id, order.external_id): order for order in (*fresh, *folded)}


def _newest(
    news: Sequence[News],
    contacts: Sequence[Contact],
    whose: Sequence[Resolution],
    changed: Mapping[Name, Standing],
) -> dict[int, Contact]:
    """Return what to show on contact cards: what orders that changed say of whose they are.

    Cards that were made just now, of one message, show it already.
    """
    shown = {}
    spoken = Counter(resolved.member_id for resolved in whose)
    for (one, _seen), contact, resolved in zip(news, contacts, whose, strict=True):
        order, member_id = changed.get(_name(one)), resolved.member_id
        if order is None or member_id is None or order.member_id != member_id:
            continue
        if not resolved.made or spoken[member_id] > 1:
            shown[member_id] = contact
    return shown


def introduce(
    contact: Contact,
    evidence: Iterable[tuple[Kind, str]],
    how: str,
    card: Card | None = None,
    locale: str | None = None,
) -> int:
    """Take in a customer whom the shop or a form tells of, and bind him from now on by the evidence.

    `how`: "registered", "subscribed", "typed" or "confirmed". His orders are reconciled, for what is
    known of him may change whose they are; a new customer of a partner gets his first-order coupon,
    where the merchant offers one, told in `locale`. Returns the id of the customer whose he is now;
    raises Retry as `apply`.
    """
    in_turn()
    [whose] = members.resolve([contact])
    owners, moved = _moves([whose])
    if whose.member_id is None:
        raise LookupError("a contact is known by something")
    members.lock({*moved, whose.member_id, whose.guest_id})
    orders.take_over(owners)
    attribution.take_over(owners)
    if card is not None:
        members.write(whose.member_id, card)
    else:
        members.refresh({whose.member_id: contact})
    told = whose.guest_id or whose.member_id
    for kind, value in evidence:
        attribution.enrol(whose.member_id, told, kind, value, since=contact.seen_at, how=how)
    reconcile([], {*moved, whose.member_id})
    reward(whose, contact, locale or tenant().locale)
    return whose.member_id


def introduce_all(contacts: Sequence[Contact]) -> list[int]:
    """Take in customers of whom another system tells; orders of guests go to whose they turn out to be.

    Nobody is bound, and no coupon is given. Returns the ids of the customers, in their order; raises
    Retry as `apply`.
    """
    in_turn()
    found = members.resolve(contacts)
    owners, moved = _moves(found)
    ids = [whose.member_id for whose in found]
    members.lock({*moved, *ids, *(whose.guest_id for whose in found)})
    orders.take_over(owners)
    attribution.take_over(owners)
    if moved:
        reconcile([], moved)
    return [member or 0 for member in ids]


def say(order_id: int, said: PartnerData, by: str) -> Standing:
    """Let staff say who brought an order, and on which terms; all of it empty: nobody, so far as they know.

    The word holds until the shop's own card says something new. `by`: as people call who says so.
    Returns the order; raises NotFound, Retry as `apply`.
    """
    in_turn()
    [order] = hold([orders.get(order_id)])
    before = orders.staff_word(order_id)
    if before is None or before.said != said or partner_data(order.folded, before) != said:
        orders.keep_word(order, said, by)
        facts = {name: getattr(said, name) for name in ("promo_code", "refcode", "terms")}
        events.record("order.partner_set", f"order:{order_id}", order_id=order_id, by=by, **facts)
        reconcile([order], [order.member_id])
    return order


def delete(shop_id: int, external_id: str) -> Standing:
    """Take in a shop's deletion: the order is cancelled until a later message revives it.

    Returns the order as it now stands; raises NotFound.
    """
    in_turn()
    [order] = hold([orders.find(shop_id, external_id)])
    gone = orders.delete(order, clock.now())
    reconcile([gone], [gone.member_id])
    return gone


def rework(order_ids: Iterable[int], by_hand: ByHand | None = None) -> Sequence[Posting]:
    """Reconcile orders as they stand: the end of their hold, a replay, a re-run, a sum set by hand.

    Orders that are not there are passed over; `by_hand` says why staff set what levels of them
    earn. Returns what was posted.
    """
    in_turn()
    held = hold(orders.get_all(order_ids))
    return reconcile(held, [order.member_id for order in held], by_hand=by_hand or {})


_RIPE = text(
    """
    SELECT d.tenant_id, d.order_id, t.clock_offset
    FROM deal d JOIN tenant t ON t.id = d.tenant_id
    WHERE d.matures_at <= :now + t.clock_offset
    ORDER BY d.matures_at LIMIT :most
    """
)


def ripe(most: int = 500) -> list[tuple[int, int, timedelta]]:
    """Return (tenant, order, clock offset) of deals whose hold has ended by their tenants' clocks.

    The job then calls `rework` for them, in the tenants' scopes.
    """
    with role("partnerka_drain"):
        rows = db.session.execute(_RIPE, {"now": clock.now(), "most": most}).all()
    return [(row.tenant_id, row.order_id, row.clock_offset) for row in rows]
