"""Proving a site over the real protocols: HTTP on a port of ours, DNS over UDP."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
import time_machine
from sqlalchemy import select

from app import clock, egress
from app.errors import Conflict, DomainError, NotFound
from app.events.models import Event
from app.extensions import db
from app.partners import service as partners
from app.verified_sites import queries, service
from app.verified_sites.probe import Probe, Seen, ask_records
from app.verified_sites.rules import DAY, MOST_SITES, How, Problem, file_name
from tests.harness.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.partners.models import Partner
    from app.verified_sites.models import VerifiedSite
    from tests.world import Merchant, World


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer([(404, "nothing")])
    yield made
    made.close()


@pytest.fixture
def anna(db_session: scoped_session[Session], lampa: Merchant) -> Iterator[Partner]:
    with lampa.scope():
        yield partners.create(partners.NewPartner(name="Anna", refcode="anna"))


def toward(*peers: Peer) -> egress.Client:
    """A way out that the operator has opened to these servers inside."""
    return egress.Client(allowed=lambda: [peer.place for peer in peers])


def look(site: VerifiedSite, seen: Seen) -> None:
    service.look_soon(site)
    asked = service.take(site.id)
    assert asked is not None
    service.settle(asked.id, seen)
    db.session.refresh(site)


def events() -> list[str]:
    query = select(Event.type).where(Event.type.startswith("site.")).order_by(Event.id)
    return list(db.session.scalars(query))


def test_a_file_in_the_root_proves_it_and_visits_have_a_link(anna: Partner, peer: Peer) -> None:
    site = service.name(anna, peer.url, client=toward(peer))
    probe = Probe(toward(peer), lambda _name: ())
    assert probe.look(site.host, site.token) == Seen(None, Problem.NOT_FOUND)
    # TLS is tried first, and this server has none: its words are lost on it.
    peer.scripts = [(200, f"{site.token}\n")]
    seen = probe.look(site.host, site.token)
    assert seen == Seen(How.FILE)
    assert f"/{file_name(site.token)}" in {asked.path for asked in peer.asked}
    look(site, seen)
    assert (site.state, site.how) == ("verified", "file")
    assert queries.links_by_host() == {peer.place: site.link_id}
    assert events() == ["site.verified"]


def test_a_tag_of_the_first_page_proves_it(anna: Partner, peer: Peer) -> None:
    site = service.name(anna, peer.url, client=toward(peer))
    peer.scripts = [(200, f'<head><meta name="partnerka-site" content="{site.token}"></head>')]
    assert Probe(toward(peer), lambda _n: ()).look(site.host, site.token) == Seen(How.META)


@pytest.mark.parametrize("script", ["silent", "cut", "late", "endless", "drip"])
def test_a_site_that_behaves_badly_proves_nothing(anna: Partner, peer: Peer, script: str) -> None:
    site = service.name(anna, peer.url, client=toward(peer))
    peer.scripts = [script]
    quick = egress.Client(allowed=lambda: [peer.place], limits=egress.Limits(0.3, 1000))
    probe = Probe(quick, lambda _n: (), quick.limits)
    assert probe.look(site.host, site.token).how is None


def test_a_redirect_is_not_followed(anna: Partner, peer: Peer) -> None:
    inside = Peer([(200, "secret")])
    site = service.name(anna, peer.url, client=toward(peer))
    peer.headers, peer.scripts = {"Location": inside.url}, [(302, "")]
    assert Probe(toward(peer, inside), lambda _n: ()).look(site.host, site.token).how is None
    inside.close()
    assert inside.hits == 0


@dataclass
class Names:
    """A name server on loopback that knows TXT records."""

    records: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                raw, asker = self.socket.recvfrom(4096)
            except OSError:
                return
            if not raw:
                return
            question = dns.message.from_wire(raw)
            answer = dns.message.make_response(question)
            answer.flags |= dns.flags.RA
            name = question.question[0].name
            said = self.records.get(name.to_text(omit_final_dot=True))
            if said:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", f'"{said}"'))
            self.socket.sendto(answer.to_wire(), asker)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.socket.getsockname())
        self.socket.close()


def test_a_record_of_the_name_proves_it(anna: Partner) -> None:
    site = service.name(anna, "blog.example")
    names = Names({"_partnerka.blog.example": f"partnerka-site={site.token}"})
    nobody = egress.Client(resolve=lambda _host: ())
    probe = Probe(nobody, lambda name: ask_records(name, names.place))
    assert probe.look(site.host, site.token) == Seen(How.DNS)
    names.records.clear()
    assert probe.look(site.host, site.token) == Seen(None, Problem.UNREACHABLE)
    names.close()


@pytest.mark.parametrize(
    "typed",
    [
        "127.0.0.1",
        "http://10.0.0.1/",
        "localhost",
        "2130706433",
        "[::1]",
        "http://blog.example:22/",
        "intranet",
        "a@b.example",
    ],
)
def test_nothing_inside_can_be_named(anna: Partner, typed: str) -> None:
    with pytest.raises(DomainError):
        service.name(anna, typed)


def test_the_shops_own_site_is_nobodys(anna: Partner, lampa: Merchant) -> None:
    shop = f"{lampa.slug}.example"
    for typed in (shop, f"https://www.{shop}", f"blog.{shop}"):
        with pytest.raises(DomainError, match="shop's own"):
            service.name(anna, typed)


def test_naming_it_twice_is_once_and_too_many_are_refused(anna: Partner) -> None:
    first = service.name(anna, "blog.example")
    assert service.name(anna, "https://www.blog.example/") is first
    for number in range(MOST_SITES - 1):
        service.name(anna, f"blog{number}.example")
    with pytest.raises(Conflict):
        service.name(anna, "one-more.example")
    service.withdraw(first)
    assert service.name(anna, "one-more.example").state == "waiting"


def test_the_first_to_prove_a_site_has_it_until_he_lets_it_go(anna: Partner) -> None:
    boris = partners.create(partners.NewPartner(name="Boris", refcode="boris"))
    hers, his = service.name(anna, "blog.example"), service.name(boris, "blog.example")
    look(hers, Seen(How.META))
    look(his, Seen(How.FILE))
    assert (his.state, his.problem) == ("waiting", "taken")
    service.withdraw(hers)
    look(his, Seen(How.FILE))
    assert his.state == "verified"
    assert queries.links_by_host() == {"blog.example": his.link_id}


def test_a_proof_that_goes_away_is_missed_thrice_and_then_the_site_is_lost(anna: Partner) -> None:
    site = service.name(anna, "blog.example")
    look(site, Seen(How.DNS))
    link = site.link_id
    for state in ("verified", "verified", "lost"):
        with time_machine.travel(clock.wall() + 2 * DAY, tick=False):
            asked = service.take(site.id) if site.check_at else None
            assert asked is not None
            service.settle(asked.id, Seen(None, Problem.NOT_FOUND))
            db.session.refresh(site)
            site.check_at = clock.wall() - timedelta(seconds=1) if site.check_at else None
            db.session.flush()
        assert site.state == state
    assert queries.links_by_host() == {}
    look(site, Seen(How.DNS))
    assert (site.state, site.link_id) == ("verified", link)
    assert events() == ["site.verified", "site.lost", "site.verified"]


def test_a_look_is_taken_once_and_one_withdrawn_meanwhile_stays_so(anna: Partner) -> None:
    site = service.name(anna, "blog.example")
    assert service.take(site.id) is None
    service.look_soon(site)
    assert service.take(site.id) is not None
    assert service.take(site.id) is None
    service.withdraw(site)
    service.settle(site.id, Seen(How.FILE))
    db.session.refresh(site)
    assert site.state == "withdrawn"
    with pytest.raises(Conflict):
        service.look_soon(site)


def test_nobody_sees_anothers_site(world: World, db_session: scoped_session[Session]) -> None:
    with world.lampa.scope():
        anna = partners.create(partners.NewPartner(name="Anna", refcode="anna"))
        boris = partners.create(partners.NewPartner(name="Boris", refcode="boris"))
        site = service.name(anna, "blog.example")
        assert service.get(site.public_id, anna.id) is site
        with pytest.raises(NotFound):
            service.get(site.public_id, boris.id)
    with world.kniga.scope(), pytest.raises(NotFound):
        service.get(site.public_id)
