"""Who is new beyond doubt is brought in by the database in sets, and never otherwise than one by one by the rules."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.imports import service
from app.imports.service import plainly, working
from app.programs.service import create_group
from app.runs import service as runs
from app.runs.rules import OPEN
from tests.bonuses.setting import at_shop
from tests.imports.setting import brought, csv, taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session, scoped_session

    from app.runs.models import Run

MANY, PART = 160, 47
# What came of a file, told without ids of ours and without what is drawn by lot.
STORY = (
    (
        "SELECT old_id, number, place, verdict, flaws FROM import_row WHERE file_id = (SELECT max(id) FROM import_file)"
        " ORDER BY number"
    ),
    (
        "SELECT p.refcode, p.name, p.email, p.phone, p.site, p.comment, p.search, p.status, s.refcode, p.terms_id,"
        " p.group_id, p.locale, p.created_at, length(p.public_id) FROM partner p"
        " LEFT JOIN partner s ON s.id = p.sponsor_id ORDER BY 1"
    ),
    (
        "SELECT c.key, c.display, c.kind, p.refcode, c.retired_at, c.created_at FROM code c"
        " JOIN partner p ON p.id = c.partner_id ORDER BY 1"
    ),
    (
        "SELECT p.refcode, f.name, f.value, f.valid_from, f.actor FROM fact f"
        " JOIN partner p ON f.owner = 'partner:' || p.id ORDER BY 1, 2, 4"
    ),
    (
        "SELECT p.refcode, s.refcode, e.valid_from, e.valid_to, e.actor FROM sponsor_edge e"
        " JOIN partner p ON p.id = e.partner_id LEFT JOIN partner s ON s.id = e.sponsor_id ORDER BY 1, 3"
    ),
    (
        "SELECT o.source, o.old_id, p.refcode, o.given, o.amount, o.times, o.made, o.prior FROM import_origin o"
        " JOIN partner p ON p.id = o.target_id WHERE o.kind = 'partner' ORDER BY 1, 2"
    ),
)
NAMES = (
    "Anna", "Анна Ёлкина", "ÉMILE", "Two  spaces", "O'Neil-Иванов", "\u212aelvin", "İstanbul", "Ann\u00adA",
    "\uff21\uff22", "a\u2003b", "n" * 200, "n" * 201, "ß", "100% & <b>", "", "Ольга\u0301", '"quoted"', "back\\slash",
)  # fmt: skip
EMAILS = (
    "{n}@Example.ORG", "x{n}.y+z@a.b-c.org", "{n}..{n}@example.org", "no mail", "почта{n}@пример.рф", "",
    "{n}@-a.org", "{n}@localhost", ".{n}@example.org", "\u212a{n}@example.org", "here@example.org",
)  # fmt: skip
CODES = (
    "Code{n}",
    "c-{n}_",
    "к{n}од",
    "-",
    "c {n}",
    "x" * 41,
    "",
    "taken",
    "same",
    "\uff21{n}",
    "пc{n}",
    "{n}",
)
STATUSES = (
    "",
    "",
    "",
    "active",
    "APPROVED",
    "blocked",
    "Активен",
    "pending",
    "what",
    "\u0130",
    "\u212a",
    "утверждён",
)
GROUPS = ("", "", "gold", "ЗОЛОТО", "nobody's", "ÉMILE")
JOINED = (
    "", "", "2024-03-09", "2024-02-29", "2023-02-29", "2010-10-31 02:30", "2011-03-27 02:30:15", "31.12.2023",
    "2024-05-05 25:00", "0000-00-00", "2999-01-01", "2024-06-30 23:59:59", "1999-12-31",
)  # fmt: skip
COMMENTS = ("", "", "says: «yes»", "line", "Комментарий  с пробелами", "c" * 2_001, "tab\there")


@pytest.fixture(autouse=True)
def shop(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_shop() as found, clock.moved_to(clock.now()):
        yield found


def line(draw: Random, n: int) -> str:
    """Return a row in which little, or nothing, is special."""

    def some(pool: Sequence[str], plain: str) -> str:
        return (draw.choice(pool) if draw.random() < 0.06 else plain).format(n=n)

    sponsors = (
        f"{n}",
        "lost",
        "old-1",
        "old-blocked",
        "old-gone",
        "taken",
        f"code{n + 1}",
        "here@example.org",
        "o o",
    )
    above = str(draw.randrange(MANY)) if draw.random() < 0.7 else ""
    cells = (
        str(draw.randrange(MANY))
        if draw.random() < 0.02
        else some(("", "old-1", "i d", "№{n}", "i" * 101), str(n)),
        some(tuple(name.replace("{", "") for name in NAMES), f"Partner {n}"),
        some(("Петрова", "de  la", "\u212a"), ""),
        some(EMAILS, f"p{n}@example.org"),
        some(CODES, f"code{n}"),
        some(sponsors, above),
        some(STATUSES, ""),
        some(GROUPS, ""),
        some(JOINED, "2024-01-15"),
        some(COMMENTS, ""),
        some(("+79001234567",), ""),
        some(("10%", "none"), ""),
        some(("alias{n}", "same", "code7"), ""),
    )
    return ";".join('"' + cell.replace('"', '""') + '"' for cell in cells)


HEADS = "id;name;surname;email;code;sponsor;status;group;joined;comment;phone;rate;aliases"
TWINS = (  # the first of two has what both say; whoever stands below the second keeps his place
    "t1;T1;;t1@example.org;twin", "t2;T2;;t2@example.org;Twin", "t3;T3;;TWIN@example.org;t3",
    "t4;T4;;twin@example.org;t4", "t5;T5;;;t5;t4", "t6;T6;;;t6;t5", "t7;T7;;;t7;;;;;;;;t8", "t8;T8;;;t8",
)  # fmt: skip
OLD = csv(
    "id;name;email;code;status", "old-1;One;here@example.org;taken;active",
    "old-blocked;Two;two@example.org;two;blocked", "old-gone;Three;three@example.org;three;rejected",
)  # fmt: skip


def done(run: Run) -> Run:
    """Do a run's phase to its end, in parts."""
    while run.standing in OPEN:
        runs.work(run.id, service.KINDS, PART)
        db.session.refresh(run)
    return run


def told(data: bytes, *, ids: bool) -> list[Any]:
    """Bring a file in; return what was said when it was looked at, and what came of it; then forget all of it."""
    with db.session.begin_nested() as all_of_it:
        file = taken(data, ids_in_links=ids)
        looked = done(service.look(file))
        story: list[Any] = [looked.sums, [tuple(row) for row in db.session.execute(text(STORY[0]))]]
        story.append(done(service.apply(looked)).applied)
        story += [[tuple(row) for row in db.session.execute(text(said))] for said in STORY]
        all_of_it.rollback()
    db.session.expire_all()
    return story


@pytest.mark.parametrize(("seed", "ids"), [(1, False), (2, True), (3, False)])
def test_in_sets_and_one_by_one_comes_to_the_same(
    seed: int, ids: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = Random(seed)  # noqa: S311 - a test's dice
    brought(OLD)
    create_group("Gold")
    create_group("Золото")
    data = csv(HEADS, *(line(draw, n) for n in range(MANY)), *TWINS)
    counted: list[int] = []

    def counting(*args: Any, **named: Any) -> Any:
        number, plans = plainly.plainly(*args, **named)
        counted.append(number)
        return number, plans

    way = working.WAYS["partner"]
    monkeypatch.setitem(working.WAYS, "partner", replace(way, plainly=counting))
    in_sets = told(data, ids=ids)
    assert sum(counted) > MANY * 2 // 3, "of two looks at each, many went the short way"
    monkeypatch.setitem(working.WAYS, "partner", replace(way, plainly=None))
    one_by_one = told(data, ids=ids)
    for sets, ones in zip(in_sets, one_by_one, strict=True):
        assert sets == ones
