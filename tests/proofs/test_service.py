"""The books sealed in a chain: what is in it, what a file proves, and how a changed past is found."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app import clock, jobs
from app.adjustments import service as adjustments
from app.errors import DomainError
from app.events.models import Event
from app.extensions import db
from app.ledger import checks
from app.ledger.models import Transfer
from app.proofs import queries, rules, service
from app.proofs.models import Block, Leaf
from app.tenancy import PLATFORM, tenant_scope
from app.tenants.models import Tenant
from tests.house.tree import ROOT
from tests.payouts.setting import earn, partner
from tests.proofs.setting import as_owner_of_everything, committed, furnish, seal, settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.application import App
    from tests.world import Merchant

SCRIPT = ROOT / "static" / "verify_statement.py"


@pytest.fixture
def anna(app: App, lampa: Merchant, _sound: None) -> int:
    return furnish(app, lampa)[0]


def statement(app: App, merchant: Merchant, partner: int | None) -> dict[str, Any]:
    found = committed(app, merchant, lambda: service.file_of(partner))
    return dict(json.loads(json.dumps(found)))


def test_a_partners_file_proves_his_lines_and_shows_nobody_elses(
    app: App, lampa: Merchant, anna: int
) -> None:
    found = statement(app, lampa, anna)
    verdict = rules.verify(found)
    assert verdict.sound
    assert (verdict.lines, verdict.number, found["unsealed"]) == (4, 2, 0)
    # 17,000 and 1,234 came, 20,000 were taken back: 18,234 of what was there, the rest is owed.
    assert verdict.sums[f"partner:{anna}:available", "RUB"] == 0
    assert verdict.sums[f"partner:{anna}:debt", "RUB"] == -1_766
    assert {line["partner"] for line in rules.lines_of(found)} == {anna}
    assert "8500" not in json.dumps([row.get("text") for g in found["groups"] for row in g["rows"]])


def test_a_file_of_a_few_lines_hides_the_rest_and_holds(
    app: App, lampa: Merchant, anna: int
) -> None:
    def first() -> dict[str, Any]:
        ids = queries.transfer_ids(anna, None, None, 100)
        return service.proof_of(ids[:1])

    found = committed(app, lampa, first)
    verdict = rules.verify(found)
    assert verdict.sound
    assert verdict.lines == 1
    assert [sorted(row) for row in found["groups"][0]["rows"]] == [
        ["hash", "salt", "text"],
        ["hash"],
    ]
    assert verdict.number == 1  # an earlier mark is enough, and stays so


def test_what_is_too_new_is_said_to_be_so(app: App, lampa: Merchant, anna: int) -> None:
    committed(app, lampa, lambda: earn(anna, 5_000))
    found = statement(app, lampa, anna)
    assert rules.verify(found).sound
    assert (
        found["unsealed"]
        == len(committed(app, lampa, lambda: queries.transfer_ids(anna, None, None, 99))) - 4
    )


def test_nothing_sealed_is_a_file_without_a_mark(app: App, lampa: Merchant) -> None:
    assert statement(app, lampa, None)["mark"] is None


def test_more_lines_than_a_file_has_are_refused(
    app: App, lampa: Merchant, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_LINES", 3)
    with pytest.raises(DomainError) as refused:
        statement(app, lampa, anna)
    assert refused.value.code == "too_many"


def test_blocks_are_cut_and_nothing_is_left_or_sealed_twice(
    app: App, lampa: Merchant, _sound: None
) -> None:
    anna = committed(app, lampa, lambda: partner("Anna"))
    for amount in range(1, 8):
        committed(app, lampa, lambda amount=amount: earn(anna, amount))
    settle(app)
    sizes = []
    while done := committed(app, lampa, lambda: service.seal(3)):
        sizes.append(done)
    assert sizes == [3, 3, 1]
    assert rules.verify(statement(app, lampa, anna)).lines == 7


def test_who_commits_late_is_sealed_later_and_not_lost(
    app: App, lampa: Merchant, anna: int
) -> None:
    with app.app_context(), lampa.scope():
        earn(anna, 777)  # has its id and its number, and is not committed
        other = jobs_seal_elsewhere(app, lampa)
        assert other == 0
        db.session.commit()
    assert seal(app, lampa) > 0
    assert "777" in json.dumps(statement(app, lampa, anna))


def jobs_seal_elsewhere(app: App, merchant: Merchant) -> int:
    """Seal in a thread of its own: another session while ours is open."""
    with ThreadPoolExecutor(1) as pool:
        return int(pool.submit(committed, app, merchant, service.seal).result())


def test_after_a_restore_all_is_looked_at_again(app: App, lampa: Merchant, anna: int) -> None:
    def mark(upto: int) -> None:
        service._move_mark(upto)

    committed(app, lampa, lambda: mark(2**60))  # the marks of a life with greater numbers
    committed(app, lampa, lambda: earn(anna, 5))
    with app.app_context():
        assert "all transfers below the mark are sealed" in {b.name for b in checks.broken()}
        db.session.rollback()
    assert app.test_cli_runner().invoke(args=["snapshots", "--anew"]).exit_code == 0
    assert seal(app, lampa) > 0


def test_the_product_itself_cannot_change_what_is_sealed(
    app: App, lampa: Merchant, anna: int
) -> None:
    for statement_ in (update(Block).values(root="x"), update(Leaf).values(salt="x")):
        with pytest.raises(DBAPIError):
            committed(app, lampa, lambda s=statement_: db.session.execute(s))


TAMPERING = {
    "a sum": ("UPDATE transfer SET amount = amount + 1 WHERE id = {t}", "a sealed transfer"),
    "a day": ("UPDATE transfer SET at = at + interval '1 day' WHERE id = {t}", "a sealed transfer"),
    "an account": ("UPDATE transfer SET source = 'outside' WHERE id = {t}", "a sealed transfer"),
    "words": ("UPDATE transfer SET reason = 'x' WHERE id = {t}", "a sealed transfer"),
    "a line gone": ("DELETE FROM transfer WHERE id = {t}", "a sealed transfer"),
    "a salt": ("UPDATE proof_leaf SET salt = 'x' WHERE transfer_id = {t}", "a sealed transfer"),
    "a leaf": (
        "UPDATE proof_leaf SET hash = repeat('a', 64) WHERE transfer_id = {t}",
        "a group of sealed",
    ),
    "a leaf gone": ("DELETE FROM proof_leaf WHERE transfer_id = {t}", "a group of sealed"),
    "a group": (
        "UPDATE proof_group SET hash = repeat('a', 64) WHERE tenant_id = {m}",
        "a sealed block is the root",
    ),
    "a group gone": ("DELETE FROM proof_group WHERE tenant_id = {m}", "a group of sealed"),
    "a root": (
        "UPDATE proof_block SET root = repeat('a', 64) WHERE tenant_id = {m}",
        "a sealed block is the root",
    ),
    "a head": (
        "UPDATE proof_block SET head = repeat('a', 64) WHERE tenant_id = {m} AND number = 1",
        "each block carries",
    ),
    "a block gone": (
        "DELETE FROM proof_block WHERE tenant_id = {m} AND number = 1",
        "each block carries",
    ),
    "the end of the chain made anew": (
        """DELETE FROM proof_block WHERE tenant_id = {m} AND number = 2;
           DELETE FROM proof_group WHERE tenant_id = {m} AND block = 2;
           DELETE FROM proof_leaf WHERE tenant_id = {m} AND block = 2;
           UPDATE proof_mark SET upto = 0 WHERE tenant_id = {m}""",
        "a mark that was told",
    ),
}


@pytest.fixture
def checked(app: App, lampa: Merchant, anna: int) -> None:
    committed(app, lampa, lambda: service.note(clock.wall().date(), 1, [], 5))


@pytest.mark.parametrize("what", TAMPERING)
def test_whoever_has_the_machine_changes_the_past_and_is_found(
    app: App, lampa: Merchant, anna: int, checked: None, engines: Any, database: Any, what: str
) -> None:
    statement_, said = TAMPERING[what]
    with app.app_context(), lampa.scope():
        first = db.session.scalar(select(Transfer.id).order_by(Transfer.id).limit(1))
        db.session.rollback()
    with as_owner_of_everything(engines, database) as owner:
        kept = {
            table: owner.execute(f"SELECT * FROM {table} WHERE tenant_id = {lampa.id}").fetchall()
            for table in ("transfer", "proof_leaf", "proof_group", "proof_block", "proof_mark")
        }
        owner.execute(statement_.format(t=first, m=lampa.id))
        owner.commit()
        try:
            told = app.test_cli_runner().invoke(args=["check"])
            assert told.exit_code == 1
            assert said in told.output
            with app.app_context():
                broken = [n for n in checks.CHECKS if lampa.id in checks.broken_by_tenant(n)]
                db.session.rollback()
            assert any(said in name for name in broken)
        finally:
            restore(owner, lampa.id, kept)


def restore(owner: Any, tenant: int, kept: dict[str, list[Any]]) -> None:
    for table, rows in kept.items():
        owner.execute(f"DELETE FROM {table} WHERE tenant_id = {tenant}")
        with owner.cursor() as cursor:
            names = [r[0] for r in cursor.execute(f"SELECT * FROM {table} LIMIT 0").description]
            places = ", ".join(["%s"] * len(names))
            for row in rows:
                cursor.execute(
                    f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE VALUES ({places})",
                    row,
                )
    owner.commit()


def test_erased_words_leave_the_chain_whole(
    app: App, lampa: Merchant, anna: int, engines: Any, database: Any
) -> None:
    committed(
        app, lampa, lambda: adjustments.adjust(anna, 500, "For Vera Ivanova's wedding", "RUB")
    )
    seal(app, lampa)
    assert "Vera" in json.dumps(statement(app, lampa, anna))
    with as_owner_of_everything(engines, database) as owner:
        owner.execute(f"UPDATE transfer SET reason = NULL WHERE tenant_id = {lampa.id}")
    found = statement(app, lampa, anna)
    assert "Vera" not in json.dumps(found)
    assert rules.verify(found).sound
    with app.app_context():
        assert checks.broken() == []
        db.session.rollback()


def test_the_night_keeps_its_word_with_each_merchant_and_tells_the_operator(
    app: App, lampa: Merchant, kniga: Merchant, anna: int, engines: Any, database: Any
) -> None:
    with as_owner_of_everything(engines, database) as owner:
        owner.execute("DELETE FROM checkup")
        owner.execute("DELETE FROM event WHERE type = 'books.broken'")
        owner.commit()
        owner.execute(f"UPDATE transfer SET amount = amount + 1 WHERE tenant_id = {lampa.id}")
        owner.commit()
        with app.app_context():
            jobs.check_books()
            jobs.check_books()  # the day has its word: nothing more
        owner.execute(f"UPDATE transfer SET amount = amount - 1 WHERE tenant_id = {lampa.id}")
    word = committed(app, lampa, lambda: vars(queries.last_checkup()).copy())
    assert "a sealed transfer stands as it was sealed" in word["broken"]
    assert (word["transfers"], word["invariants"], word["block"]) == (6, len(checks.CHECKS), 2)
    assert committed(app, kniga, lambda: queries.last_checkup().broken) == []
    with app.app_context(), tenant_scope(PLATFORM):
        told = db.session.scalars(select(Event.facts).where(Event.type == "books.broken")).all()
        db.session.rollback()
    assert [each["merchants"] for each in told] == [[lampa.slug]]
    with as_owner_of_everything(engines, database) as owner:
        owner.execute("DELETE FROM checkup")


def test_the_worker_seals_once_a_day_of_the_merchant(app: App, lampa: Merchant, anna: int) -> None:
    committed(app, lampa, lambda: earn(anna, 1))
    settle(app)
    with app.app_context():
        jobs.seal_books()
    assert committed(app, lampa, lambda: queries.newest().number) == 2
    tomorrow = timedelta(days=1)
    with app.app_context():
        db.session.execute(
            update(Tenant).where(Tenant.id == lampa.id).values(clock_offset=tomorrow)
        )
        db.session.commit()
        jobs.seal_books()
    assert committed(app, lampa, lambda: queries.newest().number) == 3


def test_the_database_and_we_hash_alike(app: App, lampa: Merchant, anna: int) -> None:
    with app.app_context(), lampa.scope():
        words = 'line "1"\\ Ünï\u2028\U0001f600\ttab'
        asked = text(
            "SELECT proof_hash('leaf', :salt, json_build_array(CAST(:words AS text), 7, NULL)::text)"
        )
        made = db.session.scalar(asked, {"salt": "ab", "words": words})
        assert made == rules.leaf("ab", json.dumps([words, 7, None], ensure_ascii=False))
        for many in (1, 2, 3, 5, 8, 13):
            groups = [rules.digest("x", n) for n in range(many)]
            root = db.session.scalar(text("SELECT proof_root(:g)"), {"g": groups})
            assert {rules.climb(g, rules.path(groups, n)) for n, g in enumerate(groups)} == {root}
        db.session.rollback()


def change(found: dict[str, Any], what: str) -> None:
    group, block = found["groups"][0], found["blocks"][0]
    row = group["rows"][0]
    other = row["text"].replace("17000", "18000")
    assert other != row["text"]
    acts: dict[str, Callable[[], object]] = {
        "digit": lambda: row.update(text=other),
        "line and its hash": lambda: row.update(text=other, hash=rules.leaf(row["salt"], other)),
        "salt": lambda: row.update(salt="0" * 32),
        "line left out": lambda: group["rows"].pop(0),
        "line twice": lambda: found["groups"].append(group),
        "another block": lambda: group.update(block=2),
        "way": lambda: group.update(path=[*group["path"][1:], ["left", "0" * 64]]),
        "root": lambda: block.update(root="0" * 64),
        "moment": lambda: block.update(sealed_at="2020-01-01T00:00:00.000000Z"),
        "start": lambda: found.update(before="1" * 64),
        "block left out": lambda: found["blocks"].pop(0),
    }
    acts[what]()


BROKEN = (
    *("digit", "line and its hash", "salt", "line left out", "line twice", "another block"),
    *("way", "root", "moment", "start", "block left out"),
)


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_broken_in_any_way_is_found_by_us_and_by_the_script(
    app: App, lampa: Merchant, anna: int, tmp_path: Path, what: str
) -> None:
    good = statement(app, lampa, anna)
    path, mark = tmp_path / "statement.json", good["mark"]["head"]
    path.write_text(json.dumps(good, ensure_ascii=False), "utf-8")
    assert run(path, mark) == (0, "Every line stands as it was sealed.\n")
    assert run(path, "f" * 64)[0] == 1
    bad = copy.deepcopy(good)
    change(bad, what)
    path.write_text(json.dumps(bad, ensure_ascii=False), "utf-8")
    assert not rules.verify(bad).sound
    status, said = run(path, mark)
    assert status == 1, said
    if what == "digit":
        assert rules.verify(bad).problems == [rules.Problem("line", 1, 1)]
        assert "line 1 is not as it was sealed" in said


def run(path: Path, mark: str) -> tuple[int, str]:
    command = [sys.executable, "-I", str(SCRIPT), str(path), mark]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_script_is_short_and_needs_nothing_but_python() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 40
    assert [line for line in lines if "import" in line] == [
        "import hashlib",
        "import json",
        "import sys",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        [],
        "x",
        {},
        {"format": rules.FORMAT},
        {"format": rules.FORMAT, "before": rules.START, "blocks": 5},
        {"format": rules.FORMAT, "before": rules.START, "blocks": [], "groups": [], "merchant": "x", "mark": {}},
    ],
)  # fmt: skip
def test_what_is_no_statement_is_refused(hostile: Any) -> None:
    with pytest.raises(rules.Malformed):
        rules.verify(hostile)
