"""F31: nothing that somebody types reaches what is ours, in whatever spelling."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING

import pytest

from app.config import Config
from app.egress import (
    Client,
    InterruptedCallError,
    Limits,
    RefusedError,
    UnreachableError,
    is_public,
    parse,
)
from tests.harness.peer import WAIT, Peer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SMALL = Limits(seconds=60, size=1000)
SHORT = Limits(seconds=2, size=1000)  # a machine however busy says its word by then

# What a name may be made to answer with, and what may be typed outright.
INSIDE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.1", "10.0.0.8", "172.16.5.4", "192.168.1.1", "100.64.0.1",
    "100.100.100.200", "169.254.169.254", "192.0.0.192", "168.63.129.16", "198.18.0.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1", "203.0.113.9",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "fe80::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::",
    "2001:0:7f00:1::", "2001:db8::1", "3fff::1", "fec0::1", "100::1",
]  # fmt: skip
SPELLINGS = [
    "http://localhost/", "http://LOCALHOST./", "http://127.0.0.1./", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/",
    "http://127.0.1/", "http://0/", "http://①②⑦.⓪.⓪.①/", "http://１２７.０.０.１/",
    "http://127。0。0。1/", "http://127.0.0.1%00.example.org/", "http://example.org\\@127.0.0.1/",
    "http://user@example.org/", "http://user:word@127.0.0.1/", "http://@127.0.0.1/",
    "http:///etc/passwd", "http://", "//127.0.0.1/", "127.0.0.1", "file:///etc/passwd",
    "gopher://127.0.0.1/_", "ftp://127.0.0.1/", "javascript:alert(1)", "http://[::1]/",
    "http://[::ffff:127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[::1", "http://127.0.0.1 /",
    "http://exa\tmple.org/", "http://example.org/\r\nX: 1", "http://intranet/", "http://256.1.1.1/",
    "http://1.2.3.4.5/", "http://example.org:99999/", "http://example.org:x/", "http://.../",
    "http://127.0.0.1\u200b/", "https://" + "a" * 3000 + ".org/",
]  # fmt: skip


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def toward(peer: Peer, *numbers: str) -> Client:
    """A client whose resolver answers with these numbers, and which may use the peer's port."""
    return Client(resolve=lambda _host: numbers, allowed=lambda: ())


@pytest.mark.parametrize("number", INSIDE)
def test_no_number_inside_is_public_in_any_wrapping(number: str) -> None:
    assert not is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("number", ["8.8.8.8", "77.88.8.8", "2a02:6b8::1", "2606:4700::1111"])
def test_what_is_out_on_the_internet_is_public(number: str) -> None:
    assert is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("url", SPELLINGS)
def test_an_address_that_leads_inside_is_refused_before_any_name_is_asked(url: str) -> None:
    asked: list[str] = []

    def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.raises(RefusedError):
        Client(resolve=resolve, allowed=lambda: ()).fetch("GET", url, limits=SMALL)
    assert not asked


@pytest.mark.parametrize("number", INSIDE)
def test_a_name_that_answers_with_a_number_inside_is_refused(number: str) -> None:
    client = Client(resolve=lambda _host: [number], allowed=lambda: ())
    with pytest.raises(RefusedError):
        client.fetch("GET", "http://shop.example/", limits=SMALL)


def test_a_name_with_one_number_inside_among_public_ones_is_refused() -> None:
    client = Client(resolve=lambda _host: ["8.8.8.8", "127.0.0.1"], allowed=lambda: ())
    with pytest.raises(RefusedError):
        client.fetch("GET", "http://shop.example/", limits=SMALL)


def test_a_listener_on_loopback_gets_no_hit_by_any_of_these_roads(peer: Peer) -> None:
    """The port is allowed for another host, so that only the numbers stand between."""
    allowed = [f"other.example:{peer.port}", f"rebinding.example:{peer.port + 1}"]
    forms = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.1",
        "[::ffff:127.0.0.1]",
        "①②⑦.1",
    ]
    client = Client(resolve=lambda _host: ["127.0.0.1"], allowed=lambda: allowed)
    for host in forms:
        with pytest.raises(RefusedError):
            client.fetch("GET", f"http://{host}:{peer.port}/", limits=SMALL)
    with pytest.raises(RefusedError):
        client.fetch("GET", f"http://rebinding.example:{peer.port}/", limits=SMALL)
    assert peer.hits == 0


def test_a_name_is_resolved_once_and_the_connection_goes_to_that_number(peer: Peer) -> None:
    """DNS rebinding: the second answer is never asked for."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    place = f"fake.example:{peer.port}"
    client = Client(resolve=lambda _host: answers.pop(0), allowed=lambda: [place])
    answer = client.fetch("GET", f"http://{place}/page?a=1", limits=SMALL)
    assert (answer.status, answer.text, len(answers)) == (200, "OK", 1)
    assert (peer.asked[0].path, peer.asked[0].headers["host"]) == ("/page?a=1", place)


def test_a_redirect_is_an_answer_and_never_a_road(peer: Peer) -> None:
    target = Peer()
    peer.scripts, peer.headers = [(302, "")], {"Location": f"{target.url}/inside"}
    answer = Client(allowed=lambda: [peer.place]).fetch("GET", f"{peer.url}/", limits=SMALL)
    assert (answer.status, target.hits) == (302, 0)
    target.close()


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080])
def test_other_ports_than_the_webs_are_refused(port: int) -> None:
    with pytest.raises(RefusedError):
        Client(resolve=lambda _h: ["8.8.8.8"], allowed=lambda: ()).check(
            f"https://a.example:{port}/"
        )


@pytest.mark.parametrize("script", ["silent", "drip", "cut", "endless", "late"])
def test_a_call_that_was_spoken_and_not_answered_may_have_arrived(peer: Peer, script: str) -> None:
    peer.scripts = [script]
    before = time.monotonic()
    with pytest.raises(InterruptedCallError) as caught:
        Client(allowed=lambda: [peer.place]).fetch("POST", f"{peer.url}/", body=b"x", limits=SHORT)
    assert caught.value.sent
    assert time.monotonic() - before < WAIT / 2  # the peer's own patience


def test_where_nobody_listens_nothing_was_said() -> None:
    gone = Peer()
    gone.close()
    gone.thread.join(5)
    with pytest.raises(UnreachableError) as caught:
        Client(allowed=lambda: [gone.place]).fetch("GET", f"{gone.url}/", limits=SMALL)
    assert not caught.value.sent


def test_a_name_nobody_knows_is_unreachable_and_may_be_tried_again() -> None:
    def resolve(_host: str) -> Sequence[str]:
        raise OSError

    with pytest.raises(UnreachableError):
        Client(resolve=resolve, allowed=lambda: ()).fetch("GET", "http://a.example/", limits=SMALL)


def test_what_may_be_reached_inside_is_the_operators_word() -> None:
    said = Config.from_env({"EGRESS_ALLOW": "SMS.internal:8080, 10.0.0.7:81,"}).egress_allow
    assert said == ("sms.internal:8080", "10.0.0.7:81")
    client = Client(allowed=lambda: said)
    assert client.check("http://sms.internal:8080/send").port == 8080
    for other in ("http://sms.internal:81/", "http://10.0.0.7:80/", "http://10.0.0.8:81/"):
        with pytest.raises(RefusedError):
            client.check(other)


def test_a_header_with_a_line_break_is_no_request(peer: Peer) -> None:
    with pytest.raises(RefusedError):
        Client(allowed=lambda: [peer.place]).fetch(
            "GET", f"{peer.url}/", headers={"X": "1\r\nY: 2"}, limits=SMALL
        )
    assert not peer.asked


def test_what_is_said_of_a_failure_holds_nothing_of_the_answer(peer: Peer) -> None:
    peer.scripts = [(200, "secret of the inside " * 100)]
    with pytest.raises(InterruptedCallError) as caught:
        Client(allowed=lambda: [peer.place]).fetch("GET", f"{peer.url}/", limits=SMALL)
    assert "secret" not in str(caught.value)


def test_a_name_in_letters_of_its_own_and_a_path_with_them_are_written_as_the_web_writes() -> None:
    target = parse("https://магазин.рф/лампы?q=а")
    assert target.host == "магазин.рф".encode("idna").decode()
    assert target.path == "/%D0%BB%D0%B0%D0%BC%D0%BF%D1%8B?q=%D0%B0"
