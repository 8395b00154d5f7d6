"""A network and its money move in: repeated, corrected, cut anywhere, and never doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import clock
from app.imports import queries, service
from app.ledger.queries import guarded_balances
from app.ledger.rules import available, debt
from app.links.service import target_of_code
from app.partners.queries import by_refcode
from app.tenancy import current_tenant
from app.tenants.queries import tenant
from tests.bonuses.setting import at_shop
from tests.imports.setting import brought, csv, network, rows, taken, work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

NETWORK = csv(
    "ID партнёра;Имя;E-mail;Рефкод;Спонсор",
    "3;Вера;vera@example.org;vera;2",
    "2;Борис;boris@example.org;boris;1",
    "1;Анна;anna@example.org;anna;",
    coding="cp1251",
)


@pytest.fixture(autouse=True)
def shop(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_shop() as shop_id, clock.moved_to(clock.now()):
        yield shop_id


def money(code: str) -> tuple[int, int]:
    partner = by_refcode(code)
    assert partner is not None
    found = guarded_balances([available(partner.id), debt(partner.id)])
    return found.get(available(partner.id), 0), found.get(debt(partner.id), 0)


def test_a_network_is_looked_at_and_then_brought_in_sponsors_first() -> None:
    file = taken(NETWORK)
    run = work(service.look(file))
    assert run.sums["rows"] == {"new": 3}
    assert network() == {}, "a look writes nothing"
    work(service.apply(run))
    assert network() == {"anna": None, "boris": "anna", "vera": "boris"}
    vera = by_refcode("vera")
    assert vera
    assert (vera.name, vera.email, vera.person_id) == ("Вера", "vera@example.org", None)


def test_said_again_it_is_the_same_and_a_corrected_file_changes_what_differs() -> None:
    brought(NETWORK)
    again = brought(NETWORK)
    assert list(rows(again).values()) == [("same", [])] * 3
    corrected = brought(
        csv("id;name;email;code;sponsor", "3;Вера;vera@example.org;vera;1", "2;Борис;b@example.org;boris;1",
            "1;Анна;anna@example.org;anna;")
    )  # fmt: skip
    assert rows(corrected)["3"] == ("changed", [])
    assert rows(corrected)["1"] == ("same", [])
    assert network() == {"anna": None, "boris": "anna", "vera": "anna"}
    boris = by_refcode("boris")
    assert boris
    assert boris.email == "b@example.org"


def test_circles_and_orphans_are_named_and_come_in_once_they_are_corrected() -> None:
    file = brought(
        csv(
            "id;code;sponsor",
            "a;aa;b",
            "b;bb;c",
            "c;cc;a",
            "d;dd;a",
            "e;ee;nobody",
            "f;ff;f",
            "g;gg;",
        )
    )
    found = rows(file)
    assert found["a"] == ("refused", ["circle"])
    assert found["b"][0] == found["c"][0] == "refused"
    assert found["d"] == ("new", ["sponsor_refused"])
    assert found["e"] == ("new", ["no_sponsor"])
    assert found["f"][0] == "refused"
    assert network() == {"gg": None, "dd": None, "ee": None}
    right = csv(
        "id;code;sponsor", "a;aa;b", "b;bb;c", "c;cc;", "d;dd;a", "e;ee;g", "f;ff;", "g;gg;"
    )
    found = rows(brought(right))
    assert {old: verdict for old, (verdict, _why) in found.items()} == {
        "a": "new", "b": "new", "c": "new", "d": "changed", "e": "changed", "f": "new", "g": "same",
    }  # fmt: skip
    assert network() == {
        "gg": None, "dd": "aa", "ee": "gg", "cc": None, "ff": None, "bb": "cc", "aa": "bb",
    }  # fmt: skip


def test_a_circle_through_those_who_are_here_is_seen() -> None:
    brought(NETWORK)
    file = brought(csv("id;code;sponsor", "1;anna;vera"))
    assert rows(file)["1"] == ("refused", ["circle"])


def test_old_codes_and_numbers_lead_to_the_partner_and_clash_with_nobody() -> None:
    brought(csv("id;name;code;aliases", "7;Глеб;;g/old|ГЛЕБ"), ids_in_links=True)
    merchant = tenant(current_tenant())
    gleb = by_refcode("gleb")
    assert gleb
    assert merchant
    for said in ("7", "g/old", "глеб", "gleb"):
        found = target_of_code(merchant, said)
        assert found is not None, said
        assert found.partner == gleb.id
    taken_ = brought(csv("id;name;code", "8;Другой;ГЛЕБ"))
    assert rows(taken_)["8"] == ("refused", ["code_taken"])


def test_balances_are_posted_once_and_corrected_by_the_difference() -> None:
    brought(NETWORK)
    file = brought(
        csv("partner;balance;debt", "1;1 234,50;", "boris;0;15,00", "9;1;", "3;x;"), "balance"
    )
    assert money("anna") == (123_450, 0)
    assert money("boris") == (0, 1_500)
    assert rows(file)["9"] == ("refused", ["no_partner"])
    assert rows(file)["3"] == ("refused", ["sum"])
    again = csv("partner;balance;debt", "1;1 234,50;", "boris;0;15,00")
    brought(again, "balance")
    assert money("anna") == (123_450, 0)
    brought(csv("partner;balance;debt", "1;1000,00;", "boris;5,00;"), "balance")
    assert money("anna") == (100_000, 0)
    assert money("boris") == (500, 0)
    [sheet] = [each for each in queries.control() if each.kind == "balance"]
    assert (sheet.there_sum, sheet.here_sum, sheet.short) == (100_500, 100_500, 0)
