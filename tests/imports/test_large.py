"""Large files, read in the background; and the cards that customers carry."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.cards.queries import card_of, listed
from app.errors import Conflict
from app.extensions import db
from app.imports import queries, service
from app.imports.models import ImportChunk
from app.imports.service import reading
from app.lists.rules import write_xlsx
from app.runs import service as runs
from tests.bonuses.setting import at_shop
from tests.imports.setting import brought, csv, rows, work
from tests.imports.test_service import customer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session


@pytest.fixture(autouse=True)
def shop(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_shop() as found, clock.moved_to(clock.now()):
        yield found


def large(number: int) -> bytes:
    """Return a network of so many, each brought by the one in the next line, the last by nobody."""
    below = (f"{n};Partner {n};code{n};{n + 1 if n < number else ''}" for n in range(1, number + 1))
    return csv("id;name;code;sponsor", *below)


@pytest.mark.parametrize("kind", ["csv", "utf-16", "xlsx"])
def test_a_large_file_is_read_in_the_background_to_its_last_row(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 2_500
    monkeypatch.setattr(reading, "ROWS", 1_000)
    monkeypatch.setattr(reading, "BATCH", 300)
    data = large(number)
    if kind == "utf-16":
        data = data.decode().encode("utf-16")
    if kind == "xlsx":
        rows_ = [line.split(";") for line in data.decode().splitlines()]
        data = write_xlsx("network", rows_[0], rows_[1:])
    file = service.take(io.BytesIO(data), f"old.{kind}", "other", "partner")
    assert file.total == 1_000, "only its beginning is read while the merchant waits"
    with pytest.raises(Conflict):
        service.look(file)
    run = queries.reading_of(file)
    assert run is not None
    runs.work(run.id, service.KINDS, len(data) // 3)
    assert 1_000 < file.total < number or kind == "xlsx", "it goes on from where it was left"
    work(run)
    assert file.total == number
    assert queries.unread(file) is None
    assert reading.pieces(file) == 0, "what was kept to be read is gone"
    looked = work(service.look(file))
    assert looked.sums["rows"] == {"new": number}
    found = rows(file)
    assert set(found) == {str(n) for n in range(1, number + 1)}


def test_what_cannot_be_read_to_its_end_says_so_and_is_not_worked_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 1_200)
    file = service.take(io.BytesIO(large(1_300)), "old.csv", "other", "partner")
    run = queries.reading_of(file)
    assert run is not None
    work(run)
    assert queries.unread(file) == "rows"
    with pytest.raises(Conflict):
        service.look(file)
    service.drop(file)
    assert queries.find(file.public_id) is None


def test_sealed_rows_are_sealed_while_they_wait_to_be_read() -> None:
    lines = csv("partner;account", *(f"{n};40817810899910004312" for n in range(1_500)))
    file = service.take(io.BytesIO(lines), "old.csv", "other", "details")
    kept = db.session.scalars(select(ImportChunk.data).where(ImportChunk.file_id == file.id)).all()
    assert kept
    assert not any(b"40817810899910004312" in data for data in kept)
    run = queries.reading_of(file)
    assert run is not None
    work(run)
    assert file.total == 1_500
    assert queries.samples(file)[0] == ["0", "40817810899910004312"]


def test_cards_go_on_being_read_and_belong_to_one_customer_each(shop: int) -> None:
    brought(csv("id;name", "77;Gleb", "78;Dana"), "member")
    gleb, dana = customer(shop, "77"), customer(shop, "78")
    file = brought(csv("card;customer", "2900-1;77", "2900-1;78", "no;79", "2900-2;nobody"), "card")
    assert rows(file) == {
        "77": ("new", []),
        "78": ("refused", ["card_taken"]),
        "79": ("refused", ["no_card"]),
        "nobody": ("refused", ["no_member"]),
    }
    card = card_of(gleb.id)
    assert card is not None
    assert card.number == "2900-1"
    assert card_of(dana.id) is None
    corrected = brought(csv("card;customer", "2900-9;77", "2900-1;78"), "card")
    assert rows(corrected)["77"] == ("changed", [])
    db.session.expire_all()
    assert {c.member_id: c.number for c in db.session.scalars(listed())} == {gleb.id: "2900-9"}, (
        "a number that was another's in the same file's day comes in when the file is given again"
    )
    brought(csv("card;customer", "2900-1;78"), "card")
    assert card_of(dana.id) is not None
