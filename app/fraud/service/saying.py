"""What staff say of deals, what the merchant's policy is, and which details partners gave."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as insert_or_pass

from app import clock, sql
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.fraud.models import Decision, Mark
from app.fraud.rules import Policy, Sign, Word, policy_from_json, policy_to_json
from app.installation import settings
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MERCHANT, POLICY = "merchant", "fraud"
LONGEST = 500  # characters of a word to the partner
MOST = 500  # deals in one act

_LAST = """
SELECT DISTINCT ON (order_id) order_id, batch, word, said FROM fraud_decision
WHERE order_id = ANY(%(orders)s) ORDER BY order_id, id DESC
"""
_OF_BATCH = "SELECT order_id FROM fraud_decision WHERE batch = %(batch)s"
_BEFORE = """
SELECT DISTINCT ON (d.order_id) d.order_id, d.word, d.said FROM fraud_decision d
JOIN fraud_decision mine ON mine.order_id = d.order_id AND mine.batch = %(batch)s
WHERE d.id < mine.id ORDER BY d.order_id, d.id DESC
"""


def say(
    word: Word, order_ids: Collection[int], said: str = "", most: int = MOST
) -> tuple[str, list[int]]:
    """Keep staff's word on deals, in one act; the caller holds the customers and reconciles.

    Deals of which that was said already are left as they are. Returns the act's id and the deals
    that it concerns. Raises DomainError (422) for none, for too many, and where a refusal has no word.
    """
    said = said.strip()
    if word is Word.REFUSE and not said:
        words = gettext("Say why: the partner will read it.")
        raise DomainError("reason_missing", words, FieldError("said", words))
    if len(said) > LONGEST:
        words = gettext("At most %(most)s characters.", most=LONGEST)
        raise DomainError("too_long", words, FieldError("said", words))
    if not order_ids or len(order_ids) > most:
        words = gettext("Choose from one to %(most)s deals.", most=most)
        raise DomainError("choice", words, FieldError("deal", words))
    now = {row.order_id: row for row in sql.rows(_LAST, {"orders": sorted(order_ids)})}
    changed = [
        order_id
        for order_id in sorted(set(order_ids))
        if order_id not in now or (now[order_id].word, now[order_id].said) != (word, said)
    ]
    batch = public_id("fd")
    _write(batch, [(order_id, word, said) for order_id in changed])
    return batch, changed


def take_back(batch: str) -> list[int]:
    """Let what was said before an act hold again; the caller holds the customers and reconciles.

    Deals of which something else was said since keep that. Returns the deals that it concerns. Raises
    NotFound; Conflict where nothing of the act stands.
    """
    orders = [row.order_id for row in sql.rows(_OF_BATCH, {"batch": batch})]
    if not orders:
        raise NotFound
    last = sql.rows(_LAST, {"orders": orders})
    standing = sorted(row.order_id for row in last if row.batch == batch)
    if not standing:
        raise Conflict("undone", gettext("This was taken back already, or decided anew."))
    before = {
        row.order_id: (Word(row.word), row.said) for row in sql.rows(_BEFORE, {"batch": batch})
    }
    _write(public_id("fd"), [(o, *before.get(o, (Word.NONE, ""))) for o in standing])
    return standing


def of_batch(batch: str) -> list[int]:
    """Return which deals an act concerned. Raises NotFound."""
    orders = [row.order_id for row in sql.rows(_OF_BATCH, {"batch": batch})]
    if not orders:
        raise NotFound
    return orders


def _write(batch: str, rows: Iterable[tuple[int, Word, str]]) -> None:
    values = [
        {
            "order_id": order_id,
            "batch": batch,
            "word": word.value,
            "said": said,
            "actor": actor(),
            "at": clock.now(),
        }
        for order_id, word, said in rows
    ]
    if values:
        db.session.execute(insert(Decision), values)


def policy() -> Policy:
    """Return which signs hold deals from now on."""
    kept = facts.current([MERCHANT], [POLICY]).get(MERCHANT, {}).get(POLICY)
    return policy_from_json(kept)


def say_policy(wanted: Policy) -> bool:
    """Set which signs hold deals; it holds for orders made from now on. False: it already was so."""
    before = policy()
    if before == wanted:
        return False
    facts.put(MERCHANT, POLICY, policy_to_json(wanted), actor=actor())
    record("merchant.settings_changed", "fraud:policy", changes=_changes(before, wanted))
    return True


def _changes(before: Policy, after: Policy) -> dict[str, list[Any]]:
    """Return what differs between two policies: [before, after] by name."""
    pairs: dict[str, list[Any]] = {s.value: [s in before.on, s in after.on] for s in Sign}
    for name in ("flood_clicks", "flood_minutes", "loops", "loop_days", "site_share"):
        pairs[name] = [getattr(before, name), getattr(after, name)]
    pairs["coupon_sites"] = [list(before.sites), list(after.sites)]
    pairs["paid_search_terms"] = [
        None if each.terms is None else sorted(each.terms) for each in (before, after)
    ]
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def mark_details(partner_id: int, accounts: Iterable[str]) -> None:
    """Remember which payment details a partner gave, so that two who gave the same are known. Twice-safe."""
    secret = hashlib.sha256(b"details" + settings().secret_key.encode()).digest()
    plain = {"".join(c for c in text.casefold() if c.isalnum()) for text in accounts}
    digests = [
        hashlib.blake2b(text.encode(), digest_size=16, key=secret).hexdigest()
        for text in sorted(plain - {""})
    ]
    for digest in digests:
        values = {"partner_id": partner_id, "digest": digest, "since": clock.now()}
        db.session.execute(insert_or_pass(Mark).values(values).on_conflict_do_nothing())
