"""Every code that the rules give as a reason has its words, in every language of the product."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask_babel import force_locale

from app.attribution import explain as claims
from app.attribution.rules import Kind, Reason
from app.commissions import explain
from app.commissions.office import BUCKETS
from app.commissions.rules import Bucket, CapKind
from app.ledger.cabinet import NAMES
from app.orders.rules import State
from app.programs.rules import Source
from app.statements.forms import KINDS
from app.web.states import state_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

RULES = Path(explain.__file__).parent / "rules"
REASONS = {"reason", "_barred", "_reason_by_hand"}  # functions that answer with a code


def constants(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def notes_of(tree: ast.AST) -> set[str]:
    """Return the codes of notes that a module makes."""
    calls = (n for n in ast.walk(tree) if isinstance(n, ast.Call))
    made = [n.args[0] for n in calls if getattr(n.func, "id", "") == "Note"]
    return {str(first.value) for first in made if isinstance(first, ast.Constant)}


def reasons_of(tree: ast.AST) -> set[str]:
    """Return the codes that a module names as a reason: passed, assigned or answered."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "reason":
            found |= set(constants(node.value))
        if isinstance(node, ast.Assign) and any(
            getattr(t, "id", "") == "reason" for t in node.targets
        ):
            found |= set(constants(node.value))
        if isinstance(node, ast.FunctionDef) and node.name in REASONS:
            backs = (n.value for n in ast.walk(node) if isinstance(n, ast.Return))
            found |= {text for back in backs if back is not None for text in constants(back)}
    return found - {""}


def codes() -> tuple[set[str], set[str]]:
    """Return the codes of notes and those of why nothing, as the rules' source has them."""
    trees = [ast.parse(path.read_text()) for path in RULES.glob("*.py")]
    return set().union(*map(notes_of, trees)), set().union(*map(reasons_of, trees))


@pytest.fixture(params=["en", "ru"])
def locale(app: App, request: pytest.FixtureRequest) -> Iterator[str]:
    with app.test_request_context(), force_locale(request.param):
        yield request.param


def test_the_walk_finds_what_it_should() -> None:
    notes, reasons = codes()
    assert {"not_participating", "compressed", "no_such_level"} <= notes
    assert {"beyond_first", "foreign_coupon", "no_rate", "by_hand", "cap_reached"} <= reasons


def test_every_reason_why_nothing_has_its_words(locale: str) -> None:
    _notes, reasons = codes()
    nothing = {State.CANCELLED.value, State.REFUNDED.value}
    for code in {r.value for r in Reason} | reasons | nothing:
        assert code in explain.NOTHING, code
        text = explain.nothing(code)
        assert text.endswith("."), code
        assert locale == "en" or any("а" <= c <= "я" for c in text), text


def test_every_note_has_its_words(locale: str) -> None:
    notes, _reasons = codes()
    levels = {Reason.BLOCKED.value, Reason.INACTIVE.value, Reason.SELF_REFERRAL.value}
    for code in notes | levels:
        assert code in explain.NOTES, code
        [text] = explain.notes([{"reason": code, "partner_id": 7, "level": 2}], {}, {7: "Boris"})
        assert "Boris" in text
        assert "2" in text
        assert locale == "en" or any("а" <= c <= "я" for c in text), text


def test_sources_claims_caps_cuts_buckets_and_entries_have_their_words(locale: str) -> None:
    assert {s.value for s in Source} <= explain.SOURCES.keys()
    assert {s.value for s in Source} <= explain.NAMED.keys()
    assert {k.value for k in Kind} <= explain.KINDS.keys()
    assert {c.value for c in CapKind} <= explain.CAPS.keys()
    assert {b.value for b in Bucket} <= explain.ENDINGS.keys()
    source = (RULES / "table.py").read_text()
    assert '"cut_reason"] = "above_base"' in source
    assert '"rounding": "half_up"' in source
    assert explain.CUTS.keys() == {"above_base"}
    assert explain.ROUNDING.keys() == {"half_up"}
    kinds = {"accrual", "reversal", "release", "return", "clawback", "repayment", "adjustment"}
    assert kinds | {"write_off", "adjustment_undone"} <= KINDS.keys()
    for table in (explain.SOURCES, explain.KINDS, explain.CAPS, explain.ENDINGS, KINDS):
        for words in table.values():
            assert locale == "en" or any("а" <= c <= "я" for c in str(words)), str(words)


def test_registrations_and_bindings_have_words_of_their_own(locale: str) -> None:
    assert {r.value for r in Reason} == claims.WHY.keys()
    assert {k.value for k in Kind} - {"binding"} | {
        "registered",
        "subscribed",
        "typed",
        "confirmed",
        "imported",
    } == claims.BOUND.keys()
    assert {kind for kind, _how in claims.ENROLLED} == {"click", "ref", "partner_code"}
    for table in (claims.WHY, claims.BOUND, claims.ENROLLED):
        for words in table.values():
            assert locale == "en" or any("а" <= c <= "я" for c in str(words)), str(words)


def test_a_bucket_has_one_word_in_badges_filters_and_sums(locale: str) -> None:
    for bucket, words in [*BUCKETS, *NAMES.items()]:
        assert str(words) == state_label(bucket)
    assert state_label("pending") == ("On hold" if locale == "en" else "На холде")


def test_a_partner_reads_of_lines_and_of_himself_and_of_nobody_else(locale: str) -> None:
    kept: list[dict[str, Any]] = [
        {"reason": "not_participating", "line": "1"},
        {"reason": "blocked", "partner_id": 7, "level": 2},
        {"reason": "compressed", "partner_id": 8},
    ]
    told = explain.notes(kept, {"1": "Lamp"}, {7: "Boris", 8: "Anna"}, only=7)
    assert len(told) == 2
    assert "Lamp" in told[0]
    assert "Boris" in told[1]
    assert len(explain.notes(kept, {"1": "Lamp"}, {7: "Boris", 8: "Anna"})) == 3
