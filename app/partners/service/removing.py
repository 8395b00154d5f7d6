"""A partner leaves the program, with or without the branch: in one act, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock, sql
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor, record
from app.extensions import db, kick_after_commit
from app.facts import service as facts
from app.partners import queries
from app.partners.models import Partner, Rehang
from app.partners.rules import RETURN, Children, Status, stands_above, tree_of
from app.partners.service import states
from app.partners.service.codes import lock_partners, touch_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 5_000  # children moved in the act itself; more go in the background, as many at a time

# Everything of one batch is one instant: the old edge ends where the new one starts, and what was
# set of it (its end, plans after it) stays.
_BATCH = """
SELECT e.partner_id FROM sponsor_edge e
WHERE e.sponsor_id = %(partner)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
ORDER BY e.partner_id LIMIT %(most)s
"""
_MOVE = """
WITH mine AS (
    SELECT id, partner_id, valid_from, valid_to FROM sponsor_edge
    WHERE sponsor_id = %(from)s AND partner_id = ANY(%(ids)s)
      AND (valid_to IS NULL OR valid_to > %(now)s)
), planned AS (
    UPDATE sponsor_edge e SET sponsor_id = %(to)s, rehang_id = %(rehang)s
    FROM mine m WHERE e.id = m.id AND m.valid_from >= %(now)s
), ended AS (
    UPDATE sponsor_edge e SET valid_to = %(now)s
    FROM mine m WHERE e.id = m.id AND m.valid_from < %(now)s
)
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from, valid_to, actor, rehang_id)
SELECT partner_id, %(to)s, %(now)s, valid_to, %(actor)s, %(rehang)s
FROM mine WHERE valid_from < %(now)s
"""
_MIRROR = """
UPDATE partner SET sponsor_id = %(to)s WHERE id = ANY(%(ids)s) AND sponsor_id IS NOT DISTINCT FROM %(from)s
"""
_MOVED_BY = """
SELECT DISTINCT e.partner_id FROM sponsor_edge e
WHERE e.rehang_id = %(rehang)s AND e.sponsor_id IS NOT DISTINCT FROM %(heir)s
  AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
ORDER BY e.partner_id
"""
_BACK = """
WITH mine AS (
    SELECT id, partner_id, valid_from, valid_to FROM sponsor_edge
    WHERE rehang_id = %(rehang)s AND sponsor_id IS NOT DISTINCT FROM %(from)s
      AND partner_id = ANY(%(ids)s) AND (valid_to IS NULL OR valid_to > %(now)s)
), planned AS (
    UPDATE sponsor_edge e SET sponsor_id = %(to)s
    FROM mine m WHERE e.id = m.id AND m.valid_from >= %(now)s
), ended AS (
    UPDATE sponsor_edge e SET valid_to = %(now)s
    FROM mine m WHERE e.id = m.id AND m.valid_from < %(now)s
)
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from, valid_to, actor)
SELECT partner_id, %(to)s, %(now)s, valid_to, %(actor)s FROM mine WHERE valid_from < %(now)s
"""


def remove_with(partner: Partner, children: Children, reason: str = "") -> Rehang | None:
    """Take a partner out of the program; his children stay, go to his parent, or stand at the top.

    In one act: removed and moved at one instant, past orders keep their upline. Of more than
    AT_ONCE children the rest follow in the background, in batches. Raises Conflict where the state
    does not allow it (any more), DomainError at `children` where a planned change would close a
    circle. Returns the move, unless the children stay.
    """
    lock_partners()
    before = partner.status
    if children is Children.STAY:
        states.remove(partner, reason)
        return None
    heir = _heir(partner) if children is Children.SPONSOR else None
    below = _count(partner.id)
    if heir is not None:
        _refuse_cycle(partner, heir)
    states.remove(partner, reason)
    made = Rehang(
        partner_id=partner.id,
        heir_id=heir,
        before=before,
        actor=actor(),
        total=below,
        created_at=clock.now(),
        finished_at=None,
        undone_at=None,
    )
    db.session.add(made)
    db.session.flush()
    go_on(made.id)
    return made


def go_on(rehang_id: int) -> bool:
    """Move one batch of a removed partner's children; False when there are none left. Twice-safe."""
    lock_partners()
    found = db.session.scalar(select(Rehang).where(Rehang.id == rehang_id).with_for_update())
    if found is None or found.finished_at is not None:
        return False
    values = {"partner": found.partner_id, "now": clock.now(), "most": AT_ONCE}
    ids = sorted({row.partner_id for row in sql.rows(_BATCH, values)})
    moved = {
        "from": found.partner_id,
        "to": found.heir_id,
        "ids": ids,
        "now": values["now"],
        "rehang": found.id,
        "actor": found.actor,
    }
    if ids:
        sql.send(_MOVE, moved)
        sql.send(_MIRROR, moved)
        db.session.expire_all()  # what the session has read of them is old
    found.moved += len(ids)
    found.total = max(found.total, found.moved)
    if len(ids) < AT_ONCE:
        found.finished_at = clock.now()
        _tell(found)
    else:
        kick_after_commit("rehang")
    touch_tree()
    return found.finished_at is None


def restore(partner: Partner) -> int:
    """Take the newest removal back: the partner is as before, and the children that it moved return.

    A counter change: sales made meanwhile keep the upline they had, and children who were given
    another parent meanwhile keep that one. Raises Conflict where he is not removed, the move still
    runs, or the e-mail is another's by now. Returns how many came back.
    """
    lock_partners()
    query = select(Rehang).where(Rehang.partner_id == partner.id, Rehang.undone_at.is_(None))
    found = db.session.scalar(query.order_by(Rehang.id.desc()).limit(1).with_for_update())
    if found is not None and found.finished_at is None:
        raise Conflict("still_moving", _("The branch is still being moved. Wait until it is done."))
    _come_back(partner, _state_before(partner))
    back = _return_children(found) if found is not None else 0
    record(
        "partner.restored",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        refcode=partner.refcode,
        children=back,
    )
    touch_tree()
    return back


def _return_children(found: Rehang) -> int:
    now = clock.now()
    values: dict[str, Any] = {"rehang": found.id, "heir": found.heir_id, "now": now}
    ids = [row.partner_id for row in sql.rows(_MOVED_BY, values)]
    known = tree_of(queries.upline_edges([found.partner_id]))
    above = stands_above(known, found.partner_id, now)
    ids = [i for i in ids if i not in above]  # whoever came above meanwhile cannot be below again
    back = {**values, "from": found.heir_id, "to": found.partner_id, "ids": ids, "actor": actor()}
    if ids:
        sql.send(_BACK, back)
        sql.send(_MIRROR, back)
        db.session.expire_all()
    found.undone_at = now
    return len(ids)


def _state_before(partner: Partner) -> Status:
    rows = facts.history([f"partner:{partner.id}"], ["status"])[f"partner:{partner.id}", "status"]
    told = [value for _at, value in rows.rows if value != Status.REMOVED.value]
    return Status(told[-1]) if told else Status.ACTIVE


def _come_back(partner: Partner, before: Status) -> None:
    after = RETURN.next(Status.REMOVED, before.value) if before != Status.PENDING else Status.ACTIVE
    if partner.email is not None and queries.by_email(partner.email) is not None:
        raise Conflict("email_taken", _("Another partner has this e-mail by now."))
    moved = (
        update(Partner)
        .where(Partner.id == partner.id, Partner.status == Status.REMOVED)
        .values(status=after)
        .returning(Partner.id)
    )
    if db.session.scalar(moved) is None:
        raise Conflict("wrong_state", _("This partner's state has changed meanwhile."))
    db.session.refresh(partner)
    facts.put(f"partner:{partner.id}", "status", after.value, actor=actor())
    if after in {Status.ACTIVE, Status.BLOCKED}:
        states.admit(partner)


def _heir(partner: Partner) -> int | None:
    """Return the nearest partner above who is still in the program; nobody: the children become roots."""
    for card in reversed(queries.line_above(partner.id)):
        if card.status in {Status.ACTIVE, Status.BLOCKED}:
            return card.id
    return None


def _refuse_cycle(partner: Partner, heir: int) -> None:
    """Refuse where a planned change would put the heir below one of the children."""
    now = clock.now()
    above = stands_above(tree_of(queries.upline_edges([heir])), heir, now)
    bad = _children_among(partner.id, sorted(above))
    if bad:
        card = queries.cards(bad)[bad[0]]
        words = _("A planned change puts the new parent below %(name)s.", name=card.name)
        raise DomainError("circle", words, FieldError("children", words))


def _children_among(partner_id: int, ids: Sequence[int]) -> list[int]:
    statement = """
    SELECT DISTINCT partner_id FROM sponsor_edge
    WHERE sponsor_id = %(partner)s AND partner_id = ANY(%(ids)s)
      AND (valid_to IS NULL OR valid_to > %(now)s)
    """
    values = {"partner": partner_id, "ids": list(ids), "now": clock.now()}
    return [row.partner_id for row in sql.rows(statement, values)]


def _count(partner_id: int) -> int:
    statement = """
    SELECT count(DISTINCT partner_id) AS n FROM sponsor_edge
    WHERE sponsor_id = %(partner)s AND (valid_to IS NULL OR valid_to > %(now)s)
    """
    return int(sql.one(statement, {"partner": partner_id, "now": clock.now()}).n)


def _tell(found: Rehang) -> None:
    cards = queries.cards([found.partner_id, found.heir_id])
    heir = cards.get(found.heir_id or 0)
    record(
        "partner.branch_moved",
        f"partner:{found.partner_id}",
        partner_id=found.partner_id,
        name=cards[found.partner_id].name,
        children=found.moved,
        sponsor=heir.refcode if heir else None,
    )
