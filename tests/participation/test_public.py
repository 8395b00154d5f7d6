"""A visitor meets the form as the merchant built it, and nobody learns who is a customer."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from app import clock, jobs
from app.errors import DomainError
from app.events.models import Event
from app.extensions import db
from app.participation import queries, service
from app.participation.models import Consent, JoinRequest
from app.participation.rules import Kind, options_of
from app.partners import queries as partners
from app.partners.models import Partner
from app.programs import queries as programs
from app.tenants import service as tenants
from tests.participation.post import send_letters
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App
    from tests.harness.mailbox import Mailbox

GLEB = {"name": "Gleb", "email": "gleb@example.org", "accepted": "y", "version": "1"}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


@pytest.fixture
def kniga(app: App, _sound: None) -> Shop:
    return Shop(app, "Kniga")


def ask(
    shop: Shop, kind: Kind, label: str, *lines: str, required: bool = False, **more: str
) -> str:
    with shop.scope():
        words = {"en": label, **more}
        options = options_of({"en": lines})
        made = service.make_question(
            kind, words, help_text={"en": f"About {label}"}, options=options, required=required
        )
        return made.key


def join(shop: Shop, query: str = "", **said: Any) -> Any:
    return shop.app.test_client().post(f"/{shop.slug}/join{query}", data=GLEB | said)


def gleb(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] | None = shop.call("GET", "/partners/gleb").json
    assert found is not None
    return found


def partners_of(shop: Shop) -> int:
    with shop.scope():
        return db.session.scalar(select(func.count()).select_from(Partner)) or 0


def buy(
    shop: Shop, number: int, email: str, status: str = "completed", group: str | None = None
) -> None:
    body = {
        "status": status,
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": {"id": f"c-{email}", "email": email, "name": "Gleb", "group": group},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }
    assert shop.call("PUT", f"/orders/{email}-{number}", body).status_code == 200


def token_of(shop: Shop, email: str) -> str:
    """Return the token that the letter carries."""
    with shop.scope():
        row = db.session.scalars(
            select(JoinRequest).where(JoinRequest.email == email).order_by(JoinRequest.id.desc())
        ).first()
        assert row is not None
        return service.confirmation(row)


class TestTheMerchantsForm:
    def test_every_kind_of_question_is_asked_and_its_answer_kept(self, lampa: Shop) -> None:
        ask(lampa, Kind.TEXT, "City", required=True)
        ask(lampa, Kind.LONG, "About you")
        ask(lampa, Kind.NUMBER, "Readers")
        ask(lampa, Kind.CHOICE, "Main place", "Blog", "Market", required=True)
        ask(lampa, Kind.SEVERAL, "Networks", "VK", "Telegram")
        ask(lampa, Kind.YES, "Own shop")
        ask(lampa, Kind.PHONE, "Second phone")
        ask(lampa, Kind.SITE, "Second site")
        ask(lampa, Kind.DATE, "Birthday")
        shown = lampa.app.test_client().get(f"/{lampa.slug}/join").text
        places = [shown.index(f"{word}<") for word in ("City", "About you", "Readers", "Birthday")]
        assert places == sorted(places)
        assert "About City" in shown
        said: dict[str, Any] = {
            "q_city": " Moscow ",
            "q_about-you": "I write.",
            "q_readers": "12,000.5",
            "q_main-place": "blog",
            "q_networks": ["telegram", "vk"],
            "q_own-shop": "y",
            "q_second-phone": "8 916 123-45-67",
            "q_second-site": "blog.example",
            "q_birthday": "1990-02-28",
        }
        assert join(lampa, **said).status_code == 303
        assert gleb(lampa)["answers"] == {
            "city": "Moscow",
            "about-you": "I write.",
            "readers": "12000.5",
            "main-place": "blog",
            "networks": ["vk", "telegram"],
            "own-shop": True,
            "second-phone": "+79161234567",
            "second-site": "https://blog.example",
            "birthday": "1990-02-28",
        }

    def test_what_must_be_answered_is_asked_for_behind_the_form_too(self, lampa: Shop) -> None:
        ask(lampa, Kind.TEXT, "City", required=True)
        with lampa.scope():
            with pytest.raises(DomainError) as refused:
                service.read_answers({}, complete=True)
            assert [each.field for each in refused.value.errors] == ["answers.city"]
            assert service.read_answers({}, complete=False) == {}

    @pytest.mark.parametrize(
        ("kind", "typed"),
        [
            (Kind.TEXT, ""),
            (Kind.NUMBER, "many"),
            (Kind.DATE, "2026-02-30"),
            (Kind.PHONE, "12"),
            (Kind.SITE, "javascript:x"),
            (Kind.CHOICE, "elsewhere"),
        ],
    )
    def test_what_cannot_stand_is_named_at_its_question_and_kept(
        self, lampa: Shop, kind: Kind, typed: str
    ) -> None:
        lines = ("Blog", "Market") if kind is Kind.CHOICE else ()
        key = ask(lampa, kind, "Where", *lines, required=True)
        answer = join(lampa, **{f"q_{key}": typed, "name": ""})
        assert answer.status_code == 422
        assert f'id="q_{key}-error"' in answer.text
        assert "2 things to correct" in answer.text
        assert "gleb@example.org" in answer.text
        if kind is not Kind.CHOICE:
            assert f'value="{typed}"' in answer.text
        assert partners_of(lampa) == 0

    def test_the_form_speaks_the_readers_language_where_it_can(self, lampa: Shop) -> None:
        ask(lampa, Kind.TEXT, "City", ru="Город")
        visitor = lampa.app.test_client()
        visitor.set_cookie("locale", "ru")
        assert "Город" in visitor.get(f"/{lampa.slug}/join").text
        assert "City" in lampa.app.test_client().get(f"/{lampa.slug}/join").text

    def test_the_page_carries_the_merchants_title_text_and_picture(self, lampa: Shop) -> None:
        drawn = io.BytesIO()
        Image.new("RGB", (2400, 600), "navy").save(drawn, "JPEG", comment=b"taken at home")
        with lampa.scope():
            texts = {
                "title": {"en": "Light a lamp"},
                "lead": {"en": "With us"},
                "text": {"en": "We pay."},
            }
            service.change_page(texts, phone="off", site="required", group_id=None)
            service.set_picture(drawn.getvalue())
        shown = lampa.app.test_client().get(f"/{lampa.slug}/join").text
        for words in ("Light a lamp", "With us", "We pay."):
            assert words in shown
        assert 'name="phone"' not in shown
        assert join(lampa).status_code == 422  # the site must be said
        found = re.search(r'src="(/[^"]*/join/picture/\w+)"', shown)
        assert found is not None
        sent = lampa.app.test_client().get(found[1])
        assert sent.headers["Content-Type"] == "image/webp"
        with Image.open(io.BytesIO(sent.data)) as seen:
            assert (seen.format, seen.size) == ("WEBP", (1600, 400))
        assert b"taken at home" not in sent.data

    def test_another_merchants_picture_is_not_here(self, lampa: Shop, kniga: Shop) -> None:
        drawn = io.BytesIO()
        Image.new("RGB", (10, 10)).save(drawn, "PNG")
        with lampa.scope():
            service.set_picture(drawn.getvalue())
            key = queries.page().picture
        visitor = lampa.app.test_client()
        assert visitor.get(f"/{lampa.slug}/join/picture/{key}").status_code == 200
        assert visitor.get(f"/{kniga.slug}/join/picture/{key}").status_code == 404


class TestConsents:
    def publish(self, shop: Shop) -> None:
        with shop.scope():
            for kind in ("offer", "personal", "marketing"):
                service.publish(kind, {"en": f"Text of {kind}"}, again=False)

    def test_each_is_a_box_of_its_own_and_none_is_ticked(self, lampa: Shop) -> None:
        self.publish(lampa)
        shown = lampa.app.test_client().get(f"/{lampa.slug}/join").text
        boxes = re.findall(r'<input[^>]*type="checkbox"[^>]*>', shown)
        assert len(boxes) == 3
        assert not [box for box in boxes if "checked" in box]
        for kind in ("offer", "personal", "marketing"):
            assert f"Text of {kind}" in shown

    def test_version_time_and_address_are_kept(self, lampa: Shop) -> None:
        self.publish(lampa)
        shown = "marketing:1,offer:1,personal:1"
        answer = join(lampa, consent_personal="y", shown=shown)
        assert answer.status_code == 303, answer.text
        with lampa.scope():
            partner = partners.by_refcode("gleb")
            assert partner is not None
            given = queries.consents_of(partner.id)
            found = {c.kind: (c.version, c.given, c.ip) for c in given}
            assert found == {
                "terms": (1, True, "127.0.0.1"),
                "offer": (1, True, "127.0.0.1"),
                "personal": (1, True, "127.0.0.1"),
            }
            assert all(c.at <= clock.now() for c in given)
        card = lampa.signed_in().get(f"/{lampa.slug}/office/registration/card/gleb").text
        assert "127.0.0.1" in card
        assert "Rules of the program" in card

    def test_without_the_ones_that_must_be_given_nobody_joins(self, lampa: Shop) -> None:
        self.publish(lampa)
        shown = "marketing:1,offer:1,personal:1"
        assert join(lampa, shown=shown, consent_marketing="y").status_code == 422
        assert join(lampa, shown=shown, accepted="", consent_personal="y").status_code == 422
        assert partners_of(lampa) == 0

    def test_whoever_read_an_older_text_sees_the_new_one_and_ticks_anew(self, lampa: Shop) -> None:
        self.publish(lampa)
        with lampa.scope():
            service.publish("personal", {"en": "We keep less"}, again=False)
        answer = join(lampa, consent_personal="y", shown="marketing:1,offer:1,personal:1")
        assert answer.status_code == 409
        assert "We keep less" in answer.text
        assert "checked" not in answer.text
        assert partners_of(lampa) == 0


class TestWhoMayJoin:
    def ask_for(self, shop: Shop, orders: int = 0, allowed: Any = (), forbidden: Any = ()) -> None:
        with shop.scope():
            service.set_entry(orders, allowed, forbidden)

    def confirm(self, shop: Shop, email: str = "gleb@example.org") -> str:
        path = f"/{shop.slug}/join/confirm/{token_of(shop, email)}"
        visitor = shop.app.test_client()
        assert visitor.get(path).status_code == 200
        answer = visitor.post(path)
        assert answer.status_code == 303
        told: str = visitor.get(path).text
        return told

    def test_a_customer_with_enough_completed_orders_joins_and_is_linked(self, lampa: Shop) -> None:
        self.ask_for(lampa, orders=2)
        buy(lampa, 1, "gleb@example.org")
        buy(lampa, 2, "gleb@example.org", "paid")
        assert join(lampa).status_code == 303
        assert partners_of(lampa) == 0  # nothing before the e-mail is confirmed
        told = self.confirm(lampa)
        assert "Partners need 2 completed orders." in told
        assert "there are 1 so far" in told
        assert partners_of(lampa) == 0
        buy(lampa, 2, "gleb@example.org", "completed")
        join(lampa)
        assert "Your e-mail is confirmed" in self.confirm(lampa)
        assert gleb(lampa)["member"] == "c-gleb@example.org"

    def test_the_answer_tells_nobody_who_is_a_customer(self, lampa: Shop) -> None:
        self.ask_for(lampa, orders=1)
        buy(lampa, 1, "gleb@example.org")
        lampa.call("POST", "/partners", {"name": "Anna", "email": "anna@example.org"})
        seen = set()
        for email in ("gleb@example.org", "stranger@example.org", "anna@example.org"):
            visitor = lampa.app.test_client()
            answer = visitor.post(f"/{lampa.slug}/join", data=GLEB | {"email": email})
            page = visitor.get(answer.headers["Location"]).text
            seen.add(
                (answer.status_code, answer.headers["Location"], re.sub(r"[\w.-]{20,}", "", page))
            )
        assert len(seen) == 1
        assert "so that we know the e-mail is yours" in next(iter(seen))[2]

    def test_a_group_that_is_forbidden_or_not_allowed_stays_out(self, lampa: Shop) -> None:
        self.ask_for(lampa, allowed=["Gold"], forbidden=["Staff"])
        for email, group, word in (
            ("a@example.org", "gold", "Your e-mail is confirmed"),
            ("b@example.org", "STAFF", "Customers of the group staff do not take part."),
            ("c@example.org", "retail", "Only customers of some groups"),
        ):
            buy(lampa, 1, email, group=group)
            join(lampa, name=email[0] * 3, email=email)
            assert word in self.confirm(lampa, email), email
        assert partners_of(lampa) == 1

    def test_the_letter_carries_the_link_and_a_second_press_changes_nothing(
        self, lampa: Shop, mailbox: Mailbox
    ) -> None:
        self.ask_for(lampa, orders=1)
        buy(lampa, 1, "gleb@example.org")
        join(lampa)
        send_letters(lampa)
        [letter] = [m for m in mailbox.to("gleb@example.org") if "Confirm" in m["Subject"]]
        body = letter.get_body(("plain",))
        assert body is not None
        found = re.search(r"/join/confirm/(\S+)", body.get_content())
        assert found is not None
        path = f"/{lampa.slug}/join/confirm/{found[1]}"
        visitor = lampa.app.test_client()
        assert partners_of(lampa) == 0  # reading the letter, or a scanner's GET, does nothing
        visitor.get(path)
        assert partners_of(lampa) == 0
        for _press in range(2):
            assert visitor.post(path).status_code == 303
        assert partners_of(lampa) == 1

    def test_a_link_of_another_merchant_or_of_nobody_is_over(
        self, lampa: Shop, kniga: Shop
    ) -> None:
        self.ask_for(lampa, orders=1)
        join(lampa)
        token = token_of(lampa, "gleb@example.org")
        visitor = lampa.app.test_client()
        for path in (f"/{kniga.slug}/join/confirm/{token}", f"/{lampa.slug}/join/confirm/nothing"):
            assert visitor.get(path).status_code == 410
            assert visitor.post(path).status_code == 410

    def test_the_terms_that_were_read_are_noted_though_they_changed_meanwhile(
        self, lampa: Shop
    ) -> None:
        self.ask_for(lampa, orders=1)
        buy(lampa, 1, "gleb@example.org")
        join(lampa)
        lampa.call("PATCH", f"/terms/{self.base(lampa)}", {"levels": ["9%"]})
        assert "Your e-mail is confirmed" in self.confirm(lampa)
        with lampa.scope():
            assert db.session.scalars(select(Consent.version)).all() == [1]
            partner = partners.by_refcode("gleb")
            assert partner is not None
            assert partner.accepted_terms_version == 1

    def base(self, shop: Shop) -> str:
        with shop.scope():
            return programs.base_terms().public_id


class TestGroupsGivenOnJoining:
    def test_the_forms_group_and_a_links_group_and_terms(self, lampa: Shop) -> None:
        for name in ("Bloggers", "Everybody"):
            lampa.call("POST", "/groups", {"name": name, "levels": ["12%"]})
        lampa.call("POST", "/terms", {"name": "Gold", "levels": ["20%"]})
        with lampa.scope():
            groups = {g.name: g.id for g in programs.all_groups()}
            gold = next(t.id for t in programs.all_terms() if t.name == "Gold")
            service.change_page({}, phone="optional", site="optional", group_id=groups["Everybody"])
            link = service.make_link("For bloggers", groups["Bloggers"], gold)
            code = link.code
        assert "20%" in lampa.app.test_client().get(f"/{lampa.slug}/join?via={code}").text
        assert join(lampa, f"?via={code}").status_code == 303
        found = gleb(lampa)
        assert (found["group"], found["terms"]) == ("Bloggers", "Gold")
        assert join(lampa, name="Vera", email="vera@example.org").status_code == 303
        vera = lampa.call("GET", "/partners/vera").json
        assert vera is not None
        assert (vera["group"], vera["terms"]) == ("Everybody", "Base terms")
        with lampa.scope():
            assert list(queries.link_counts().values()) == [1]

    def test_a_closed_link_gives_nothing_and_a_guessed_one_is_no_obstacle(
        self, lampa: Shop
    ) -> None:
        lampa.call("POST", "/groups", {"name": "Bloggers", "levels": ["12%"]})
        with lampa.scope():
            link = service.make_link("For bloggers", programs.all_groups()[0].id, None)
            service.close_link(link)
            code = link.code
        for n, via in enumerate((code, "guess", "x" * 500)):
            said = {"name": f"Vera {n}", "email": f"vera{n}@example.org"}
            assert join(lampa, f"?via={via}", **said).status_code == 303
            found = lampa.call("GET", f"/partners/vera-{n}").json
            assert found is not None
            assert found["group"] is None

    def test_the_shop_is_told_into_which_customer_group_a_partner_goes(self, lampa: Shop) -> None:
        lampa.call("PATCH", "/merchant", {"customer_group": "partners"})
        buy(lampa, 1, "gleb@example.org")
        body = {"name": "Gleb", "email": "gleb@example.org", "member": "c-gleb@example.org"}
        assert lampa.call("POST", "/partners", body).status_code == 201
        assert gleb(lampa)["customer_group"] == "partners"
        lampa.call("POST", "/partners", {"name": "Vera", "status": "pending"})
        vera = lampa.call("GET", "/partners/vera").json
        assert vera is not None
        assert vera["customer_group"] is None  # not before he is let in
        lampa.call("PATCH", "/partners/vera", {"status": "active"})
        with lampa.scope():
            told = db.session.scalars(
                select(Event).where(Event.type == "partner.customer_group").order_by(Event.id)
            ).all()
            assert [(e.facts["refcode"], e.facts["member"]) for e in told] == [
                ("gleb", "c-gleb@example.org"),
                ("vera", None),
            ]
            assert {e.facts["customer_group"] for e in told} == {"partners"}

    def test_a_closed_program_confirms_nobody(self, lampa: Shop) -> None:
        with lampa.scope():
            service.set_entry(1, [], [])
        join(lampa)
        token = token_of(lampa, "gleb@example.org")
        with lampa.scope():
            tenants.change_settings({"registration": "closed"})
        answer = lampa.app.test_client().post(f"/{lampa.slug}/join/confirm/{token}")
        assert answer.status_code == 403


def test_applications_that_nobody_confirmed_are_forgotten_with_their_link(lampa: Shop) -> None:
    with lampa.scope():
        service.set_entry(1, [], [])
    join(lampa)
    join(lampa, email="vera@example.org")
    with lampa.scope():
        old = db.session.scalars(select(JoinRequest).order_by(JoinRequest.id)).first()
        assert old is not None
        old.created_at -= timedelta(days=8)
    with lampa.app.app_context():
        jobs.prune()
    with lampa.scope():
        assert db.session.scalars(select(JoinRequest.email)).all() == ["vera@example.org"]
