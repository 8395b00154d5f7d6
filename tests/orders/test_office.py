"""Orders by hand, and staff's word on who brought one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.attribution.queries import bound_to
from app.extensions import db
from app.members.models import Member
from app.orders.models import Order, OrderMessage, OrderWord
from app.partners import service as partners
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    """Lampa with Anna and Boris, a lamp in the catalogue, and better terms called Gold."""
    shop = Shop(app, "Lampa")
    with shop.scope():
        for name in ("Anna", "Boris"):
            code = f"{name.upper()}10"
            partners.create(partners.NewPartner(name=name, refcode=name.lower(), codes=[code]))
    shop.call("PUT", "/products/lamp-1", {"name": "Lamp", "price": "1000.00"})
    shop.call("POST", "/terms", {"name": "Gold", "levels": ["30%"]})
    return shop


def page(lampa: Shop, path: str = "") -> str:
    return f"/{lampa.slug}/office/orders/{path}"


def key(boss: FlaskClient, lampa: Shop) -> str:
    found = re.search(r'name="key"[^>]*value="([0-9a-z]{16})"', boss.get(page(lampa, "new")).text)
    assert found
    return found[1]


def form(**said: str) -> dict[str, str]:
    return {
        "status": "paid",
        "name": "Gleb",
        "email": "gleb@example.org",
        "lines-0-product": "lamp-1",
        "lines-0-quantity": "2",
        **said,
    }


def order_of(lampa: Shop) -> Any:
    with lampa.scope():
        [found] = db.session.scalars(select(Order)).all()
        return found.external_id


def deal(lampa: Shop, number: str) -> Any:
    return lampa.call("GET", f"/orders/{number}").json


def test_an_invite_code_on_a_hand_made_order_binds_the_customer(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    sent = form(key=key(boss, lampa), code="anna10", discount="200", shipping="300")
    made = boss.post(page(lampa, "new"), data=sent)
    assert made.status_code == 303, made.text
    assert boss.post(page(lampa, "new"), data=sent).status_code == 303, "pressed twice"
    said = deal(lampa, order_of(lampa))
    assert (said["state"], said["deal"]["partner"]["refcode"]) == ("agreed", "anna")
    assert (said["deal"]["promo_code"], said["deal"]["commission"]) == ("ANNA10", "180.00")
    with lampa.scope():
        member = db.session.scalars(select(Member.id)).one()
        bound = bound_to(member)
        assert bound is not None
        assert (bound.refcode, bound.how) == ("anna", "staff")
        assert db.session.scalars(select(OrderMessage.source)).all() == ["staff"]
    later = {"status": "paid", "currency": "RUB", "created_at": "2100-01-01T00:00:00+03:00",
             "customer": {"email": "gleb@example.org"},
             "lines": [{"id": "1", "quantity": "1", "price": "100.00"}]}  # fmt: skip
    assert lampa.call("PUT", "/orders/B1", later).json["deal"]["partner"]["refcode"] == "anna"
    shown = boss.get(made.headers["Location"]).text
    assert "Set by staff" in shown
    assert "Change" in shown


def test_it_is_changed_as_a_newer_message_and_nothing_is_lost(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    made = boss.post(page(lampa, "new"), data=form(key=key(boss, lampa), code="ANNA10"))
    edit = made.headers["Location"] + "edit"
    text = boss.get(edit).text
    seen = re.search(r'name="seen"[^>]*value="(\w+)"', text)
    assert seen
    for words in ('value="ANNA10"', 'value="lamp-1"', 'value="Gleb"'):
        assert words in text, words
    changed = form(status="completed", code="", seen=seen[1], **{"lines-1-product": "Wrapping",
                   "lines-1-price": "50", "lines-1-quantity": "1"})  # fmt: skip
    assert boss.post(edit, data=changed).status_code == 303
    said = deal(lampa, order_of(lampa))
    assert (said["state"], said["deal"]) == ("completed", None), "the code was taken out"
    stale = boss.post(edit, data=changed)
    assert stale.status_code == 409
    assert "changed meanwhile" in stale.text
    with lampa.scope():
        assert len(db.session.scalars(select(OrderMessage)).all()) == 2


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"code": "nobody"}, "No partner has this code."),
        ({"lines-0-product": ""}, "Name a product and its price."),
        ({"lines-0-product": "Unheard of"}, "Line 1: type a price."),
        ({"lines-0-quantity": "some"}, "Line 1: type how many."),
        ({"lines-0-quantity": "0"}, "Line 1: type how many."),
        ({"lines-0-price": "1e5"}, "Type a sum in figures"),
        ({"discount": "99999"}, "The discount is more than the lines."),
        ({"status": "unheard of"}, "Not a valid choice"),
        ({"lines-0-product": "nul\0"}, "cannot be kept"),
        ({"name": "nul\0"}, "cannot be kept"),
        ({"email": "x" * 300}, "longer than 254"),
    ],
)
def test_what_cannot_be_an_order_comes_back_and_nothing_is_written(
    lampa: Shop, said: dict[str, str], words: str
) -> None:
    boss = lampa.staff("manager")
    answer = boss.post(page(lampa, "new"), data=form(key=key(boss, lampa), **said))
    assert answer.status_code == 422
    assert words in answer.text
    with lampa.scope():
        assert not db.session.scalars(select(Order)).all()


def shops_order(lampa: Shop, **said: Any) -> str:
    body = {"status": "paid", "currency": "RUB", "created_at": "2026-11-22T10:00:00+03:00",
            "customer": {"id": "77", "email": "gleb@example.org"},
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}], **said}  # fmt: skip
    answer = lampa.call("PUT", "/orders/A1", body)
    assert answer.status_code == 200, answer.text
    with lampa.scope():
        return str(db.session.execute(db.text("SELECT public_id FROM deal")).scalar_one())


def test_staff_give_an_order_of_the_shop_to_a_partner_and_take_it_back(lampa: Shop) -> None:
    boss = lampa.staff("manager")
    where = page(lampa, f"{shops_order(lampa, partner_code='BORIS10')}/")
    said = {"promo_code": "anna10", "terms": "Gold"}
    shown = boss.post(f"{where}partner", data=said, follow_redirects=True).text
    for words in ("Said by", "Manager", "Gold v1", "300.00", "Money follows at once."):
        assert words in shown, words
    now = deal(lampa, "A1")["deal"]
    assert (now["partner"]["refcode"], now["terms"], now["promo_code"]) == (
        "anna",
        "Gold v1",
        "ANNA10",
    )
    boss.post(f"{where}partner/back")
    assert deal(lampa, "A1")["deal"]["partner"]["refcode"] == "boris", "as it was before"
    boss.post(f"{where}partner", data={"refcode": "anna"})
    boss.post(f"{where}partner", data={})
    assert deal(lampa, "A1")["deal"]["partner"]["refcode"] == "boris", "withdrawn"
    with lampa.scope():
        assert [
            w.refcode for w in db.session.scalars(select(OrderWord).order_by(OrderWord.id))
        ] == [
            *(None, None, "anna", None),
        ]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"promo_code": "nobody"}, "No partner has this code."),
        ({"refcode": "nobody"}, "No partner has this code."),
        ({"promo_code": "ANNA10", "refcode": "boris"}, "The promo code is another partner&#39;s."),
        ({"terms": "Silver"}, "Not a valid choice"),
        ({"refcode": "nul\0"}, "cannot be kept"),
    ],
)
def test_a_word_that_names_nobody_is_refused_and_nothing_moves(
    lampa: Shop, said: dict[str, str], words: str
) -> None:
    where = page(lampa, f"{shops_order(lampa)}/partner")
    answer = lampa.staff("manager").post(where, data=said)
    assert answer.status_code == 422
    assert words in answer.text
    assert deal(lampa, "A1")["deal"] is None


def test_who_only_reads_sees_no_form_and_an_order_of_the_shop_is_not_edited(lampa: Shop) -> None:
    own = shops_order(lampa)
    helper, boss = lampa.staff("support"), lampa.staff("manager")
    assert "Set by staff" not in helper.get(page(lampa, f"{own}/")).text
    for path in (f"{own}/partner", f"{own}/partner/back", "new", f"{own}/edit"):
        assert helper.post(page(lampa, path)).status_code == 403
    led = boss.get(page(lampa, f"{own}/edit"), follow_redirects=True)
    assert "change it there" in led.text
    assert boss.post(page(lampa, f"{own}/edit"), data=form()).status_code == 404
    assert boss.post(page(lampa, "new"), data=form(key="../../etc")).status_code == 404
