"""F30: a network of hundreds in two encodings, with circles and nonsense; killed half way, repeated."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app.extensions import db
from app.imports import queries, service
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN
from tests.faults.workers import ended, workers
from tests.harness import invariants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.application import App
    from tests.faults.workers import Start
    from tests.world import Merchant

PEOPLE, CUSTOMERS, PART = 600, 120, 30
# What stands here, told without our own ids.
_STORY = {
    "tree": "SELECT p.refcode, s.refcode, p.status, p.email FROM partner p"
    " LEFT JOIN partner s ON s.id = p.sponsor_id ORDER BY 1",
    "edges": "SELECT p.refcode, s.refcode, count(*) FROM sponsor_edge e JOIN partner p ON p.id = e.partner_id"
    " LEFT JOIN partner s ON s.id = e.sponsor_id GROUP BY 1, 2 ORDER BY 1, 2",
    "money": "SELECT p.refcode, split_part(account, ':', 3), balance FROM balance b"
    " JOIN partner p ON account LIKE 'partner:' || p.id || ':%' WHERE balance <> 0 ORDER BY 1, 2",
    "transfers": "SELECT reference, n, amount FROM transfer WHERE reference NOT LIKE 'repay:%' ORDER BY 1, 2",
    "bindings": "SELECT m.key, p.refcode, b.since FROM binding b JOIN member m ON m.id = b.member_id"
    " JOIN partner p ON p.id = b.partner_id WHERE b.since < '2026-01-01' ORDER BY 1",
    "lots": "SELECT m.key, l.amount, l.remaining, l.expires_at FROM lot l JOIN member m ON m.id = l.member_id"
    " ORDER BY 1, 2",
    "codes": "SELECT key, kind, retired_at IS NULL FROM code ORDER BY 1",
}


def network() -> bytes:
    """One in twenty lines is nonsense; sponsors stand later in the file; every other line is in Windows-1251."""
    lines = [b"\xef\xbb\xbfid;name;email;code;sponsor"]
    for n in range(PEOPLE):
        said = f"{n};Партнёр {n};p{n}@example.org;code{n};{(n * 7 + 3) % PEOPLE if n % 50 else ''}"
        if n < PEOPLE - 1 and n % 50:
            said = f"{n};Партнёр {n};p{n}@example.org;code{n};{n + 1}"
        odd = {
            3: f"{n - 1};Twice;;;",  # the same id again
            7: f"{n};Bad;no e-mail;code{n};",
            11: f"{n};" + "Я" * 6_000 + f";;code{n};",
            13: f"c{n};Circle;;cc{n};d{n}\r\nd{n};Circle;;dd{n};c{n}",
        }.get(n % 100)
        lines.append((odd or said).encode("cp1251" if n % 2 else "utf-8"))
    return b"\r\n".join(lines)


def files() -> dict[str, bytes]:
    """Return what stands in the old system."""

    def csv(*lines: str) -> bytes:
        return "\n".join(lines).encode()

    some = range(CUSTOMERS)
    return {
        "partner": network(),
        "balance": csv("partner;balance;debt", *(f"{n};{n}.25;{n % 3}" for n in some)),
        "member": csv("id;name;email", *(f"{n};Client {n};c{n}@example.org" for n in some)),
        "binding": csv(
            "customer;partner;since", *(f"{n};{n + 20};2024-03-{n % 28 + 1:02}" for n in some)
        ),
        "lot": csv("lot;customer;bonus;expires", *(f"L{n};{n};{n + 1};2099-01-01" for n in some)),
    }


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start workers on one run; they end with the test."""
    with workers(PART, environ, tmp_path) as begin:
        yield begin


class Move:
    """One merchant's move, each step committed."""

    def __init__(self, app: App, merchant: Merchant) -> None:
        self.app, self.merchant = app, merchant

    def do(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context(), self.merchant.scope():
            found = act()
            db.session.commit()
            return found

    def take(self, kind: str, data: bytes) -> str:
        """Take a file in as its columns are guessed."""

        def act() -> str:
            file = service.take(io.BytesIO(data), f"{kind}.csv", "other", kind)
            service.choose(file, file.mapping, file.options)
            return file.public_id

        return str(self.do(act))

    def begin(self, file: str) -> int:
        """Begin to apply a file that was looked at."""

        def act() -> int:
            found = queries.find(file)
            assert found is not None
            run = queries.run_of(found)
            return service.apply(run).id if run else service.look(found).id

        return int(self.do(act))

    def run(self, number: int) -> tuple[int, bool, dict[str, int]]:
        """Return how far a run is, whether it is open, and what came of its rows."""

        def act() -> tuple[int, bool, dict[str, int]]:
            run = db.session.get_one(Run, (self.merchant.id, number))
            return run.done, run.standing in OPEN, run.applied.get("rows", {})

        found: tuple[int, bool, dict[str, int]] = self.do(act)
        return found

    def finish(self, number: int) -> dict[str, int]:
        """Let it come to its end in this process, nobody being killed."""
        while self.do(lambda: runs.work(number, service.KINDS)):
            pass
        return self.run(number)[2]

    def bring(self, kind: str, data: bytes) -> dict[str, int]:
        """Take a file in, look at it, and carry it out in one go."""
        file = self.take(kind, data)
        self.finish(self.begin(file))
        return self.finish(self.begin(file))

    def story(self) -> dict[str, list[Any]]:
        def act() -> dict[str, list[Any]]:
            found = {
                name: [tuple(row) for row in db.session.execute(text(said))]
                for name, said in _STORY.items()
            }
            assert invariants.broken() == []
            return found

        told: dict[str, list[Any]] = self.do(act)
        return told


def test_an_import_killed_half_way_and_repeated_ends_as_one_that_was_not(
    app: App, lampa: Merchant, kniga: Merchant, start: Start
) -> None:
    killed, whole = Move(app, lampa), Move(app, kniga)
    for kind, data in files().items():
        whole.bring(kind, data)
        file = killed.take(kind, data)
        killed.finish(killed.begin(file))
        number = killed.begin(file)
        for share in (3, 2):
            far = killed.run(number)[0]
            more = far + (PEOPLE if kind == "partner" else CUSTOMERS) // (share + 1)
            ended(start(lampa.id, number, far=more), killed=True)
        killed.finish(number)
    once = killed.story()
    assert once == whole.story()
    assert len(once["tree"]) > PEOPLE * 9 // 10
    for kind, data in files().items():
        assert set(killed.bring(kind, data)) <= {"same", "refused"}, kind
    assert killed.story() == once, "said again it doubles nothing"
