"""Payment details of partners: sealed at rest, copied into each payout."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app import clock
from app.crypto import open_sealed, seal
from app.errors import Conflict, NotFound
from app.events import service as events
from app.events.queries import history
from app.events.service import Happened
from app.extensions import db
from app.fraud import service as fraud
from app.identity import queries as people
from app.identity import service as identity
from app.partners.models import Partner
from app.payouts import rules
from app.payouts.models import PayoutMethod
from app.requisites.rules import Kept
from app.requisites.service import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.payouts.models import Payout
    from app.requisites.rules import Details


def kept(partner: Partner) -> Kept:
    """Return all that the partner gave last."""
    return _read(partner.details)


def of(partner: Partner) -> dict[str, Details]:
    """Return the partner's details by method code."""
    return kept(partner).items()


def set_details(partner: Partner, method: str, given: Details) -> bool:
    """Keep the details for a method; False: they already were. The door has asked for the password anew.

    The first details of a partner can be used at once, any change after 24 hours, and until then it
    can be taken back; the event tells the partner's old contact. Raises DomainError (422) that names
    each field that is wrong, Conflict (409) while changes are frozen.
    """
    refuse(given.problems())
    db.session.refresh(partner, with_for_update=True)  # two windows do not lose each other's word
    if partner.details_frozen_at is not None:
        raise Conflict(
            "details_frozen",
            _("Somebody said that a change was not theirs; the shop must allow changes again."),
        )
    known = kept(partner)
    if known.get(method) == given:
        return False
    now = clock.now()
    if not is_pending(partner):  # else the former ones are still those in force
        partner.details_former = partner.details
    partner.details_usable_at = rules.usable_at(now, first=not known.ways)
    partner.details_changed_at = now
    _keep(partner, known.having(method, given))
    db.session.flush()
    fraud.mark_details(partner.id, [given.way.number])
    _record(
        "changed",
        partner,
        method=method,
        usable_at=partner.details_usable_at.isoformat(),
        changed_at=now.isoformat(),
        pending=bool(known.ways),
        old_email=_old_email(partner),
    )
    return True


def bring(partner: Partner, method: str, given: Details) -> bool:
    """Keep checked details that stood in a former system; False where the partner has some for the method.

    They can be used after a day, as any change, and nobody is written to: the partner has no cabinet yet.
    """
    db.session.refresh(partner, with_for_update=True)
    known = kept(partner)
    if known.get(method) not in {None, given} or partner.details_frozen_at is not None:
        return False
    now = clock.now()
    partner.details_usable_at = rules.usable_at(now, first=False)
    partner.details_changed_at = now
    _keep(partner, known.having(method, given))
    db.session.flush()
    fraud.mark_details(partner.id, [given.way.number])
    return True


def is_pending(partner: Partner) -> bool:
    """Say whether a change waits: until then the former details are in force."""
    return (
        partner.details_former is not None
        and rules.cools(partner.details_usable_at, clock.now()) is not None
    )


def take_back_change(partner: Partner) -> None:
    """Let the details be again what they were before a change that still waits. Raises Conflict (409)."""
    db.session.refresh(partner, with_for_update=True)
    if not is_pending(partner):
        raise Conflict("details_settled", _("No change waits that could be taken back."))
    _restore(partner)
    _record("restored", partner)


def disown_change(partner_id: int, changed_at: datetime | None) -> bool:
    """Hear from the letter's link that the change of that moment was not the partner's.

    No further change is taken until staff allow it, staff are told, and everybody who is signed in
    as the partner is signed out. A change that still waits is taken back as well: True.
    """
    partner = db.session.scalars(
        select(Partner).where(Partner.id == partner_id).with_for_update()
    ).one_or_none()
    if partner is None:
        raise NotFound
    undone = is_pending(partner) and _waits(partner, changed_at)
    if undone:
        _restore(partner)
        _record("restored", partner)
    if partner.details_frozen_at is None:
        partner.details_frozen_at = clock.now()
        db.session.flush()
        _record("frozen", partner, name=partner.name, undone=undone)
    person = people.person(partner.person_id) if partner.person_id else None
    if person is not None:
        identity.sign_out_everywhere(person)
    return undone


def _waits(partner: Partner, changed_at: datetime | None) -> bool:
    """Say whether the change of that moment is among those that wait: what they replaced is older than it.

    A further change does not hide the first one, which the former details are from before.
    """
    if partner.details_changed_at == changed_at:
        return True
    newer = partner.details_changed_at
    for event in history(f"partner:{partner.id}"):  # the newest first
        if event.type == "partner.details_restored":
            return False
        if event.type != "partner.details_changed":
            continue
        at = datetime.fromisoformat(event.facts["changed_at"])
        if newer is None or (
            at < newer and datetime.fromisoformat(event.facts["usable_at"]) <= newer
        ):
            return False  # it was in force when the next one came
        if at == changed_at:
            return True
        newer = at
    return False


def allow_changes(partner: Partner) -> None:
    """Lift the freeze: staff have spoken with the partner."""
    if partner.details_frozen_at is not None:
        partner.details_frozen_at = None
        db.session.flush()
        _record("unfrozen", partner)


def show(partner_id: int, payout: Payout | None = None) -> None:
    """Record that somebody of the staff looks at details unmasked."""
    facts = {"payout": payout.public_id} if payout is not None else {}
    subject = f"payout:{payout.id}" if payout is not None else f"partner:{partner_id}"
    events.record("partner.details_shown", subject, partner_id=partner_id, **facts)


def show_all(payouts: Sequence[Payout]) -> None:
    """Record that somebody takes the details of many payouts with him, unmasked; one statement."""
    said = [(each, {"partner_id": each.partner_id, "payout": each.public_id}) for each in payouts]
    events.record_all(
        [Happened("partner.details_shown", f"payout:{each.id}", facts) for each, facts in said]
    )


def fits(partner: Partner, method: PayoutMethod) -> bool:
    """Say whether there are details for the method, of its kind."""
    way = kept(partner).ways.get(method.code)
    return way is not None and way.kind == method.kind


def remember_details() -> None:
    """Let all details that partners have given be comparable; those given later are at once."""
    query = select(Partner).where(Partner.details.is_not(None)).order_by(Partner.id)
    for partner in db.session.scalars(query.execution_options(yield_per=500)):
        fraud.mark_details(partner.id, [each.number for each in kept(partner).ways.values()])


def in_force(partner: Partner) -> Kept:
    """Return what may be paid to now: while a change waits, what it replaced."""
    return _read(partner.details_former) if is_pending(partner) else kept(partner)


def codes_in_force(partner_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return the methods that may be paid by now, of those of the partners whose change waits; one statement."""
    waiting = select(Partner).where(
        Partner.id.in_(set(partner_ids)),
        Partner.details_former.is_not(None),
        Partner.details_usable_at > clock.now(),
    )
    return {each.id: frozenset(in_force(each).ways) for each in db.session.scalars(waiting)}


def copy_for(partner: Partner, method: str) -> bytes | None:
    """Return the sealed copy that a payout by this method carries, or None without details in force."""
    found = in_force(partner).only(method)
    return seal(found.to_json()) if found.ways else None


def copied(payout: Payout) -> Details | None:
    """Return the details as they were when the payout was made."""
    return copied_all([payout]).get(payout.id)


def copied_all(payouts: Iterable[Payout]) -> dict[int, Details]:
    """Return the details that payouts carry, by the payout's id; those without are left out.

    A copy may be all that the partner had, as a run over many partners copies it in one statement:
    the payout's method says which of them is meant.
    """
    query = select(PayoutMethod.id, PayoutMethod.code)
    codes = {number: code for number, code in db.session.execute(query)}  # noqa: C416 - rows are no pairs
    found = (
        (payout.id, _read(payout.details).get(codes[payout.method_id]))
        for payout in payouts
        if payout.details is not None
    )
    return {number: details for number, details in found if details is not None}


def _read(sealed: bytes | None) -> Kept:
    return Kept.from_json(open_sealed(sealed)) if sealed else Kept()


def _restore(partner: Partner) -> None:
    known = _read(partner.details_former)
    partner.details_former = None
    partner.details_usable_at = clock.now()
    _keep(partner, known)
    db.session.flush()


def _record(what: str, partner: Partner, **facts: Any) -> None:
    said = {name: value for name, value in facts.items() if value}
    events.record(f"partner.details_{what}", f"partner:{partner.id}", partner_id=partner.id, **said)


def _old_email(partner: Partner) -> str | None:
    """Return the address the partner had before it was changed lately; whoever took it over is not asked."""
    since = clock.now() - rules.OLD_CONTACT
    for event in reversed(history(f"partner:{partner.id}")):  # the oldest first
        email = (event.facts.get("changes") or {}).get("email")
        if event.type == "partner.changed" and event.at >= since and email and email[0]:
            return str(email[0])
    return None


def _keep(partner: Partner, known: Kept) -> None:
    partner.details = seal(known.to_json())
    partner.details_for = sorted(known.ways)
    partner.tax_status = known.payee.status.value if known.payee else None
