"""Customers made partners: looked at, made in the background, taken back while untouched; and future ones."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.attribution.queries import bound_to
from app.errors import Conflict, DomainError, FieldError
from app.events.service import acting_as, actor, record
from app.extensions import db
from app.links import service as links
from app.members.models import Member
from app.participation import queries
from app.participation.models import Conversion as Row
from app.participation.models import ConversionRule
from app.participation.queries import Fit
from app.participation.service.applying import admission_of
from app.partners import queries as partner_queries
from app.partners import service as partners
from app.partners.models import Partner
from app.partners.rules import Status
from app.programs import queries as programs
from app.runs import service as runs
from app.runs.rules import Line, State, Step
from app.runs.service import Kind
from app.tenancy import CROCKFORD, current_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.runs.models import Run

CONVERT, UNDO = "convert", "convert_undo"
LANE = "convert"  # one at a time: two filters may name the same customer
SHOWN = 20  # customers of the sample
AT_ONCE = 100  # customers whom the rule takes in one transaction
RANDOM = 10  # characters of a code that cannot be guessed: 50 bits
CODES = ("name", "random")
LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Whom to make partners, and as what."""

    fit: Fit
    group_id: int | None = None
    terms_id: int | None = None
    codes: str = "name"  # refcodes made of names, or random
    under_bringer: bool = False  # below the partner who brought the customer
    letters: bool = False

    def written(self) -> dict[str, Any]:
        """Return it as a run's parameters."""
        fit, own = self.fit, ("group_id", "terms_id", "codes", "under_bringer", "letters")
        names = ("shop_id", "orders", "since", "until", "email")
        said = {name: getattr(fit, name) for name in names} | {"groups": list(fit.groups)}
        return said | {name: getattr(self, name) for name in own}

    @staticmethod
    def read(values: Mapping[str, Any]) -> Conversion:
        """Return what a run's parameters say."""
        own = ("group_id", "terms_id", "codes", "under_bringer", "letters")
        return Conversion(fit=Fit.of(values), **{name: values[name] for name in own})


def look_at_customers(wish: Conversion) -> Run:
    """Begin to look at who would become a partner. Raises DomainError, Conflict while another is under way."""
    _check(wish)
    return runs.start(CONVERT, wish.written(), "preview", LANE)


def set_rule(wish: Conversion, *, on: bool) -> ConversionRule:
    """Let every future customer who fits become a partner by himself, or no longer. Raises DomainError."""
    _check(wish)
    row = db.session.scalar(select(ConversionRule).with_for_update())
    if row is None:
        row = ConversionRule(parameters={}, is_on=False, actor=actor(), changed_at=clock.now())
        db.session.add(row)
    row.parameters, row.is_on = wish.written(), on
    row.actor, row.changed_at = actor(), clock.now()
    record("registration.changed", f"merchant:{current_tenant()}", conversion=on)
    db.session.flush()
    return row


def apply_run(run: Run) -> Run:
    """Make partners of those who were looked at, in the background. Raises Conflict where it is not time."""
    return runs.act(run, "apply")


def undo_run(run: Run) -> Run:
    """Begin to take back what a run made, as far as nothing came of it; the rule for future ones ends.

    Raises Conflict for a run that made nobody, and while another is under way.
    """
    made = (
        run.kind == CONVERT and run.phase == "apply" and run.standing in {State.DONE, State.STOPPED}
    )
    if not made:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    db.session.execute(update(ConversionRule).values(is_on=False))
    since = run.created_at.isoformat()
    return runs.start(UNDO, {"of": run.id, "run": run.public_id, "since": since}, "apply", LANE)


def step() -> bool:
    """Make partners of the next customers who fit the scope's rule; False when there are none."""
    query = select(ConversionRule).where(ConversionRule.is_on)
    row = db.session.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return False
    wish = Conversion.read(row.parameters)
    ids = wish.fit.after(row.parameters.get("cursor", 0), AT_ONCE)
    with acting_as(row.actor):
        made = make(wish, ids, None)
    # Whoever cannot be made is passed by, and tried again when all have been seen.
    cursor = max(ids) if len(ids) == AT_ONCE else 0
    row.parameters = row.parameters | {"cursor": cursor}
    db.session.flush()
    return len(ids) == AT_ONCE or (bool(made.get("made")) and bool(cursor))


def make(wish: Conversion, ids: Sequence[int], run_id: int | None) -> dict[str, int]:
    """Make partners of these customers; who no longer fits, or cannot be one, is passed over and counted."""
    partners.lock_partners()
    found = db.session.scalars(
        select(Member).where(Member.id.in_(wish.fit.among(ids))).order_by(Member.id)
    ).all()
    sums = {"made": 0, "passed": len(ids) - len(found)}
    for member in found:
        try:
            with db.session.begin_nested():
                made = _make(wish, member, run_id)
        except DomainError:
            made = False
        sums["made" if made else "passed"] += 1
    return sums


def _make(wish: Conversion, member: Member, run_id: int | None) -> bool:
    if member.email is not None and partner_queries.by_email(member.email) is not None:
        return False  # two customers with one e-mail: the first has become the partner
    partner = partners.create(
        partners.NewPartner(
            name=_name(member),
            email=member.email,
            phone=member.phone,
            refcode=_refcode(wish, member),
            sponsor_id=_bringer(member) if wish.under_bringer else None,
            group_id=wish.group_id,
            terms_id=wish.terms_id,
            member_id=member.id,
            welcome=wish.letters,
        )
    )
    links.ensure_default(partner)
    admission_of(partner, "converted")
    db.session.add(
        Row(
            run_id=run_id,
            member_id=member.id,
            partner_id=partner.id,
            at=clock.now(),
            undone_at=None,
        )
    )
    db.session.flush()
    return True


def _name(member: Member) -> str:
    said = member.name or (member.email or "").partition("@")[0] or member.key.partition(":")[2]
    return said[:LONGEST]


def _refcode(wish: Conversion, member: Member) -> str | None:
    """Return a code that cannot be guessed; None: one is made of the name.

    An e-mail or a phone is nobody's business, so no code is made of it.
    """
    if wish.codes == "name" and member.name:
        return None
    return "".join(secrets.choice(CROCKFORD) for _n in range(RANDOM))


def _bringer(member: Member) -> int | None:
    bound = bound_to(member.id)
    found = partner_queries.by_refcode(bound.refcode) if bound else None
    return found.id if found is not None and found.status == Status.ACTIVE else None


def _check(wish: Conversion) -> None:
    wrong = []
    if not 0 <= wish.fit.orders <= 10_000:
        wrong.append(FieldError("orders", _("Between %(low)s and %(high)s.", low=0, high=10_000)))
    if wish.group_id is not None and programs.group_by_id(wish.group_id) is None:
        wrong.append(FieldError("group", _("There is no such group.")))
    if wish.terms_id is not None and programs.terms_by_id(wish.terms_id) is None:
        wrong.append(FieldError("terms", _("There are no such terms.")))
    if wish.fit.since and wish.fit.until and wish.fit.since >= wish.fit.until:
        wrong.append(FieldError("until", _("The end must be after the start.")))
    if wish.letters and not wish.fit.email:
        wrong.append(FieldError("letters", _("Without an e-mail nobody gets a letter.")))
    if wish.codes not in CODES:
        wrong.append(FieldError("codes", _("Choose one of the answers offered.")))
    if wrong:
        raise DomainError("invalid", _("Some answers cannot stand."), *wrong)


def _look(run: Run, ids: Sequence[int]) -> Step:
    """Count who would become a partner, and keep some to be shown; nothing is written of them."""
    query = select(Member.id, Member.email).where(Member.id.in_(ids))
    emails = {row.id: row.email for row in db.session.execute(query)}
    sample = [Line("customer", i, 0, 0) for i in ids[: max(SHOWN - run.done, 0)]]
    return Step(
        max(ids), len(ids), {"fit": len(ids), "email": sum(1 for e in emails.values() if e)}, sample
    )


def _apply(run: Run, ids: Sequence[int]) -> Step:
    return Step(max(ids), len(ids), make(Conversion.read(run.parameters), ids, run.id))


def _standing(run: Run) -> Any:
    of = Row.run_id == run.parameters["of"]
    return select(Row.id).where(of, Row.undone_at.is_(None))


def _undo(run: Run, ids: Sequence[int]) -> Step:
    """Remove those of whom nothing came; the others stay partners."""
    rows = db.session.scalars(select(Row).where(Row.id.in_(ids)).order_by(Row.id)).all()
    since = datetime.fromisoformat(run.parameters["since"]) - timedelta(seconds=1)
    used = queries.touched([row.partner_id for row in rows], since)
    known = {
        p.id: p
        for p in db.session.scalars(
            select(Partner).where(Partner.id.in_(row.partner_id for row in rows))
        )
    }
    undone = 0
    for row in rows:
        if row.partner_id in used or known[row.partner_id].status != Status.ACTIVE:
            continue
        partners.remove(known[row.partner_id])
        row.undone_at = clock.now()
        undone += 1
    db.session.flush()
    return Step(max(ids), len(ids), {"undone": undone, "kept": len(ids) - undone})


def _count_standing(run: Run) -> int:
    return len(db.session.scalars(_standing(run)).all())


def _take_standing(run: Run, cursor: int, most: int) -> Sequence[int]:
    query = _standing(run).where(Row.id > cursor).order_by(Row.id).limit(most)
    return db.session.scalars(query).all()


KINDS: dict[str, Kind] = {
    CONVERT: Kind(
        lambda run: Fit.of(run.parameters).count(),
        lambda run, cursor, most: Fit.of(run.parameters).after(cursor, most),
        _look,
        _apply,
    ),
    UNDO: Kind(_count_standing, _take_standing, apply=_undo),
}
