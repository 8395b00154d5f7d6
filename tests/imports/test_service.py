"""A network and its money move in: repeated, corrected, cut anywhere, and never doubled."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from app import clock
from app.attribution.queries import bound_to
from app.bonuses.queries import balance
from app.bonuses.service import deduct
from app.bonuses.service.many import Deduction
from app.errors import Conflict
from app.events.models import Event
from app.extensions import db
from app.imports import queries, service
from app.imports.forms import why
from app.imports.models import ImportFile, ImportRow
from app.intake import service as intake
from app.invitations.forms import TEXTS
from app.invitations.models import Invitation
from app.invitations.service.sending import send_next
from app.ledger.queries import guarded_balances
from app.ledger.rules import available, debt
from app.links.service import target_of_code
from app.members.models import Member
from app.partners.models import Partner
from app.partners.queries import by_refcode, codes_of, partner_of_code
from app.payouts.models import PayoutMethod
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


def customer(shop: int, external: str) -> Member:
    return db.session.scalars(
        select(Member).where(Member.shop_id == shop, Member.key == f"id:{external}")
    ).one()


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


def test_customers_belong_to_whom_they_did_and_later_orders_earn_them(shop: int) -> None:
    brought(NETWORK)
    brought(
        csv("id клиента;имя;e-mail;группа;день рождения;дата регистрации",
            "77;Глеб;gleb@example.org;VIP;01.02.1990;05.03.2021", "78;Кира;kira@example.org;;;"),
        "member",
    )  # fmt: skip
    gleb = customer(shop, "77")
    assert (gleb.name, gleb.group, str(gleb.birthday)) == ("Глеб", "VIP", "1990-02-01")
    lines = ("клиент;партнер;дата", "77;2;10.03.2021", "78;anna;", "99;anna;")
    file = brought(csv(*lines), "binding")
    assert rows(file)["99"] == ("refused", ["no_member"])
    bound = bound_to(gleb.id)
    assert bound
    assert (bound.refcode, bound.since.date().isoformat(), bound.how) == (
        "boris",
        "2021-03-09",
        "imported",
    )
    intake.reconcile([], [gleb.id])
    assert bound_to(gleb.id), "it outlives every reconcile"
    brought(csv("клиент;партнер;дата", "77;anna;10.03.2021"), "binding")
    again = bound_to(gleb.id)
    assert again
    assert again.refcode == "anna"


def test_bonuses_keep_their_day_and_are_corrected_by_the_difference(shop: int) -> None:
    brought(csv("id клиента;имя", "77;Глеб"), "member")
    gleb = customer(shop, "77")
    day = (clock.now() + timedelta(days=30)).date().isoformat()
    head = "партия;клиент;баллы;сгорает"
    file = brought(
        csv(head, f"a;77;100,00;{day}", "b;77;50;", "c;99;5;", "d;77;5;01.01.2020"), "lot"
    )
    found = {old and old[0]: why for old, (_verdict, why) in rows(file).items() if why}
    assert found == {"c": ["no_member"], "d": ["lapsed"]}
    assert balance(gleb.id).available == 15_000
    again = csv(head, f"a;77;100,00;{day}", "b;77;50;")
    brought(again, "lot")
    assert balance(gleb.id).available == 15_000
    brought(csv(head, f"a;77;80;{day}", "b;77;70;"), "lot")
    assert balance(gleb.id).available == 15_000
    nearest = balance(gleb.id).next_expiry
    assert nearest
    assert nearest[1] == 8_000
    [sheet] = [each for each in queries.control() if each.kind == "lot"]
    assert (sheet.there_sum, sheet.here_sum) == (15_000, 15_000)


def test_what_is_wrong_with_a_lot_is_told_as_the_file_writes_it(shop: int) -> None:
    brought(csv("id клиента;имя", "77;Глеб"), "member")
    day = (clock.now() + timedelta(days=30)).date().isoformat()
    file = brought(csv("customer;bonuses;expires", f"99;5;{day}", f"77;-5;{day}"), "lot")
    asked = select(ImportRow.flaws).where(ImportRow.file_id == file.id).order_by(ImportRow.number)
    found = [why(flaw) for [flaw] in db.session.scalars(asked)]
    assert found == [
        "There is no customer 99. Bring the customers first.",
        "Bonuses are a sum above nothing, not -5.00.",
    ]


def test_promo_codes_go_to_their_partners() -> None:
    brought(NETWORK)
    file = brought(
        csv("промокод;партнер;скидка", "ЛЕТО10;1;10%", "VERA5;3;5%", "лето10;2;", "!;1;"), "code"
    )
    assert [verdict for verdict, _why in rows(file).values()] == [
        "new",
        "new",
        "refused",
        "refused",
    ]
    anna = by_refcode("anna")
    assert anna
    assert partner_of_code(["лето10"]) == {"лето10": anna.id}


def test_another_day_of_expiry_holds_for_what_is_left_of_a_lot(shop: int) -> None:
    brought(csv("id клиента;имя", "77;Глеб"), "member")
    gleb = customer(shop, "77")
    head = "партия;клиент;баллы;сгорает"
    soon, later = ((clock.now() + timedelta(days=n)).date().isoformat() for n in (30, 60))
    brought(csv(head, f"a;77;100;{soon}"), "lot")
    deduct([Deduction(gleb.id, 4_000, "bought")])
    file = brought(csv(head, f"a;77;120;{later}"), "lot")
    assert [verdict for verdict, _why in rows(file).values()] == ["changed"]
    standing = balance(gleb.id)
    assert (standing.available, standing.debt) == (8_000, 0)
    assert standing.next_expiry
    assert standing.next_expiry[0].isoformat()[:16] == f"{later}T21:00", "the day itself is good"


def taken_back(file: ImportFile) -> dict[str, str]:
    """Take a file back; return what could not be, and why."""
    run = work(service.undo(file))
    return {line.facts["old_id"]: line.facts["why"] for line in queries.kept(run)}


def test_what_a_file_gave_is_taken_back_where_nothing_came_after() -> None:
    network_file = brought(NETWORK)
    money_file = brought(csv("partner;balance;debt", "1;100;", "2;50;", "3;;20"), "balance")
    assert taken_back(network_file) == {"1": "money", "2": "money", "3": "money"}
    brought(csv("partner;balance", "2;70"), "balance")
    assert taken_back(money_file) == {}
    assert (money("anna"), money("boris"), money("vera")) == ((0, 0), (7_000, 0), (0, 0))
    anna = by_refcode("anna")
    assert anna
    brought(csv("partner;balance;debt", "1;100;", "2;50;", "3;;20"), "balance")
    assert (money("anna"), money("boris"), money("vera")) == ((10_000, 0), (5_000, 0), (0, 2_000))


def test_partners_who_did_nothing_yet_go_and_come_again_as_the_same() -> None:
    file = brought(NETWORK)
    ids = {code: by_refcode(code).id for code in ("anna", "vera")}
    assert taken_back(file) == {}
    assert {p.status for p in db.session.scalars(select(Partner))} == {"removed"}
    brought(NETWORK)
    vera = by_refcode("vera")
    assert vera
    assert (vera.id, vera.status, vera.sponsor_id) == (
        ids["vera"],
        "active",
        by_refcode("boris").id,
    )


def test_bonuses_bindings_and_codes_are_taken_back(shop: int) -> None:
    brought(NETWORK)
    brought(csv("id клиента;имя", "77;Глеб", "78;Кира"), "member")
    gleb, kira = customer(shop, "77"), customer(shop, "78")
    lots = brought(csv("партия;клиент;баллы", "a;77;100", "b;78;100"), "lot")
    bound = brought(csv("клиент;партнер", "77;1"), "binding")
    promo = brought(csv("промокод;партнер", "ЛЕТО10;1"), "code")
    deduct([Deduction(kira.id, 4_000, "bought")])
    assert taken_back(lots) == {"b": "spent"}
    assert (balance(gleb.id).available, balance(kira.id).available) == (0, 6_000)
    assert taken_back(bound) == {}
    assert bound_to(gleb.id) is None
    assert taken_back(promo) == {}
    anna = by_refcode("anna")
    assert anna
    assert [code.key for code in codes_of([anna.id])[anna.id]] == ["anna"]


def test_who_was_brought_along_is_invited_when_the_merchant_asks() -> None:
    brought(NETWORK)
    run = work(service.invite_all(TEXTS, 30))
    assert run.applied == {"invited": 3}
    found = db.session.scalars(select(Invitation).order_by(Invitation.email)).all()
    assert [each.email for each in found] == [
        "anna@example.org",
        "boris@example.org",
        "vera@example.org",
    ]
    assert work(service.invite_all(TEXTS, 30)).applied == {}, "nobody is asked twice"
    assert send_next(found[0].batch_id) == 3


def test_payment_details_are_checked_sealed_and_wait_a_day() -> None:
    db.session.add(
        PayoutMethod(code="card", name="Card", kind="card", hint="", position=0, retired_at=None)
    )
    db.session.flush()
    brought(NETWORK)
    data = csv(
        "партнёр;получатель;карта",
        "1;Анна;4111 1111 1111 1111",
        "2;Борис;4111111111111112",
        "9;N;4111111111111111",
    )
    file = brought(data, "details", method="card")
    assert rows(file) == {
        "1": ("new", []), "2": ("refused", ["details_card_check"]), "9": ("refused", ["no_partner"]),
    }  # fmt: skip
    anna = by_refcode("anna")
    assert anna
    assert anna.details_for == ["card"]
    assert anna.details_usable_at == clock.now() + timedelta(days=1)
    kept = json.dumps(
        [list(r) for r in db.session.execute(text("SELECT cells, flaws FROM import_row"))]
    )
    kept += json.dumps(
        [r.given for r in db.session.execute(text("SELECT given FROM import_origin"))]
    )
    assert "4111" not in kept
    assert rows(brought(data, "details", method="card"))["1"] == ("same", [])
    other = csv("партнёр;получатель;карта", "1;Анна;5555 5555 5555 4444")
    assert rows(brought(other, "details", method="card"))["1"] == ("refused", ["has_details"])
    assert (
        db.session.scalar(
            select(func.count()).select_from(Event).where(Event.type.like("partner.%"))
        )
        == 0
    )


@pytest.mark.usefixtures("shop")
def test_a_file_that_is_being_taken_back_is_not_thrown_away_meanwhile() -> None:
    file = brought(NETWORK)
    run = service.undo(file)
    with pytest.raises(Conflict):
        service.drop(file)
    work(run)
    service.drop(file)
