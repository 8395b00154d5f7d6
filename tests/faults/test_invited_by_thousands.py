"""F30: a file of ten thousand people, half of it nonsense; the server is killed half way, the file sent again.

And while their letters go, whoever sends them is killed.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select, text

from app.dev.children import Child, wait_until
from app.events.models import Event
from app.extensions import db
from app.invitations import queries, service
from app.invitations.forms import TEXTS
from app.invitations.models import Batch, Invitation
from app.invitations.rules import MOST_LINES, decode, read
from app.invitations.service import Defaults
from app.partners.service import NewPartner, create
from tests.harness.live import Web, worker
from tests.world import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from app.application import App
    from tests.world import Merchant

SOON = 120.0
PACE = 40
_WAITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query LIKE :what"
)


def people(coding: str) -> bytes:
    """Ten thousand lines: one in ten says nothing that can be used, each in a way of its own."""
    odd = (
        "nobody", "guest-1@example.org;Twice", ";;;", "=cmd()|x!A1;Formula", "a@b@c;Two signs",
        "long-{n}@example.org;" + "Я" * 250, "group-{n}@example.org;G;No such group",
        "sponsor-{n}@example.org;S;;;nobody-{n}", "code-{n}@example.org;C;;;;ANNA10",
        "many-{n}@example.org;1;2;3;4;5;6;7;8",
    )  # fmt: skip
    lines = [
        odd[n // 10 % len(odd)].replace("{n}", str(n))
        if n % 10 == 0
        else f"guest-{n}@example.org;Гость {n};;;{'anna' if n % 2 else ''};{f'FRIEND{n}' if n % 5 == 1 else ''}"
        for n in range(MOST_LINES)
    ]
    return "\r\n".join(lines).encode(coding)


@pytest.fixture
def lampa(app: App, lampa: Merchant, kniga: Merchant, _sound: None) -> Merchant:
    """Lampa and Kniga, each with Anna as partner."""
    with app.app_context():
        for merchant in (lampa, kniga):
            with merchant.scope():
                create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
                db.session.flush()
        db.session.commit()
    return lampa


def known(app: App, merchant: Merchant) -> list[tuple[Any, ...]]:
    """Return who is invited, and with what."""
    with app.app_context(), merchant.scope():
        columns = (Invitation.email, Invitation.name, Invitation.code, Invitation.sponsor_id)
        rows = db.session.execute(select(*columns).order_by(Invitation.email))
        return [(row.email, row.name, row.code, row.sponsor_id is not None) for row in rows]


def left_out(app: App, merchant: Merchant) -> list[Any]:
    with app.app_context(), merchant.scope():
        return [each.report for each in db.session.scalars(select(Batch).order_by(Batch.id))]


def in_one_go(app: App, merchant: Merchant, raw: bytes) -> None:
    """Invite all of them where nobody is killed."""
    with app.app_context(), merchant.scope():
        lines, problems = read(decode(raw) or "")
        wishes, refused = service.check_lines(lines, Defaults())
        problems = sorted([*problems, *refused], key=lambda each: each.number)
        service.ask(wishes, problems, TEXTS, pace=PACE, locale="en")
        db.session.commit()


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def upload(url: str, merchant: Merchant, raw: bytes) -> httpx.Response:
    """Sign in and send the file, as a browser does."""
    with httpx.Client(base_url=url, timeout=SOON) as browser:
        login = {"email": merchant.staff["owner"].email, "password": PASSWORD}
        browser.post("/login", data=login | {"csrf_token": _token(browser.get("/login").text)})
        there = merchant.office("invitations/new")
        said = {"csrf_token": _token(browser.get(there).text), "lines": "", "pace": str(PACE)}
        said |= {"group": "0", "terms": "0", "sponsor": "", "locale": "en"}
        said |= {f"{part}_{lang}": TEXTS[lang][part] for lang in TEXTS for part in TEXTS[lang]}
        return browser.post(there, data=said, files={"file": ("people.csv", raw, "text/csv")})


def held(merchant: Merchant) -> Any:
    """Invite the guest of the middle without ever saying whether it stands: who invites him too waits."""
    other = db.engine.connect()
    other.execute(text("SELECT set_config('app.tenant', :id, false)"), {"id": str(merchant.id)})
    other.execute(
        text(
            "WITH b AS (INSERT INTO invitation_batch (public_id, pace, created_at, created_by)"
            " VALUES ('ib_other', 1, now(), 'system') RETURNING id)"
            " INSERT INTO invitation (public_id, batch_id, email, name, locale, state, token_hash,"
            " created_at) SELECT 'in_other', id, 'guest-5001@example.org', '', 'en', 'queued',"
            " 'none', now() FROM b"
        )
    )
    return other


def waits(app: App, what: str) -> bool:
    with app.app_context(), db.engine.connect() as look:
        return bool(look.execute(_WAITS, {"what": f"%{what}%"}).scalar_one())


@pytest.mark.parametrize("coding", ["utf-8-sig", "cp1251"])
def test_a_file_whose_server_was_killed_half_way_is_sent_again_and_ends_the_same(
    app: App, environ: dict[str, str], tmp_path: Path, lampa: Merchant, kniga: Merchant, coding: str
) -> None:
    raw = people(coding)
    in_one_go(app, kniga, raw)
    server = Web(environ, tmp_path)
    server.start()
    with app.app_context():
        other = held(lampa)
        asking = threading.Thread(target=_swallow, args=(server.url, lampa, raw))
        asking.start()
        assert wait_until(lambda: waits(app, "INSERT INTO invitation"), SOON)
        server.kill()
        asking.join(SOON)
        other.rollback()
        other.close()
    assert (known(app, lampa), left_out(app, lampa)) == ([], []), "half a file is none"
    again = Web(environ, tmp_path)
    again.start()
    try:
        assert upload(again.url, lampa, raw).status_code == 303
        once = known(app, lampa)
        more = upload(again.url, lampa, raw)
    finally:
        again.stop()
    assert len(once) == MOST_LINES - MOST_LINES // 10
    assert once == known(app, kniga)
    assert left_out(app, lampa) == left_out(app, kniga)
    assert (more.status_code, known(app, lampa)) == (422, once), (
        "who is invited is not invited again"
    )


def _swallow(url: str, merchant: Merchant, raw: bytes) -> None:
    try:
        upload(url, merchant, raw)
    except httpx.HTTPError:
        return  # the server died, as was meant


def test_whoever_sends_the_letters_is_killed_and_nobody_is_written_to_twice_or_left_out(
    app: App, environ: dict[str, str], tmp_path: Path, lampa: Merchant
) -> None:
    raw = "\n".join(f"guest-{n}@example.org" for n in range(PACE)).encode()
    in_one_go(app, lampa, raw)
    with app.app_context():
        other = db.engine.connect()
        other.execute(text("SELECT set_config('app.tenant', :id, false)"), {"id": str(lampa.id)})
        other.execute(
            text("SELECT id FROM invitation WHERE email = 'guest-20@example.org' FOR UPDATE")
        )
        first = worker(environ, tmp_path)
        first.start()
        assert wait_until(lambda: waits(app, "FROM invitation"), SOON)
        kill(first)
        other.rollback()
        other.close()
    assert sent(app, lampa) == (0, 0)
    second = worker(environ, tmp_path)
    second.start()
    try:
        assert wait_until(lambda: sent(app, lampa)[0] == PACE, SOON)
    finally:
        second.stop()
    assert sent(app, lampa) == (PACE, PACE), "one letter was promised to each"


def kill(child: Child) -> None:
    assert child.process is not None
    os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def sent(app: App, merchant: Merchant) -> tuple[int, int]:
    """Return how many invitations were sent, and how many letters were promised."""
    with app.app_context(), merchant.scope():
        query = select(func.count()).select_from(Event).where(Event.type == "invitation.sent")
        return queries.figures()["sent"], db.session.scalar(query) or 0
