"""What an SMS service is told, what its answer means, and whose numbers may be written to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit

from app.outcomes import Fate, Outcome
from app.placeholders import fill, places, unknown

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_TEXT = 600  # characters: four or five parts in Cyrillic
FEW = 20  # SMS that a block of numbers may always have, where the day has them
PLACES = ("phone", "digits", "text", "id")
CONTENT = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
# Services of apprise whose hosts stand in the library; others would call where somebody typed.
SERVICES = frozenset(
    "46elks elks atalk bulksms bulkvs clickatell clicksend d7sms httpsms kavenegar msgbird nexmo "
    "plivo serwersms sinch smsc smsmanager smsmgr twilio voipms vonage".split()
)


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS: to whom in E.164, what, and an id that stays the same over attempts."""

    phone: str
    text: str
    id: str


class SmsGateway(Protocol):
    """A service that sends SMS. An attempt that may have gone is UNKNOWN, never LATER."""

    def send(self, sms: Sms) -> Outcome:
        """Send once, and say how that ended."""
        ...


@dataclass(frozen=True, slots=True)
class HttpTemplate:
    """A call of an HTTP service with places for phone, digits, text and id; no logic in it."""

    url: str
    method: str = "POST"
    content: str = "form"
    body: str = ""
    header: str = ""  # value of Authorization
    good: str = ""  # what an answer that took the SMS contains
    bad: str = ""  # what an answer that did not take it contains

    def call(self, sms: Sms) -> tuple[str, bytes | None]:
        """Return the address and the body for one SMS, each value escaped for its place."""
        values = {
            "phone": sms.phone,
            "digits": sms.phone.removeprefix("+"),
            "text": sms.text,
            "id": sms.id,
        }
        url = fill(self.url, values, _quoted)
        if self.method == "GET":
            return url, None
        return url, fill(self.body, values, _quoted if self.content == "form" else _json).encode()

    def headers(self) -> dict[str, str]:
        """Return the call's headers."""
        found = {} if self.method == "GET" else {"Content-Type": CONTENT[self.content]}
        return found | ({"Authorization": self.header} if self.header else {})

    def problem(self) -> tuple[str, str] | None:
        """Return (field, why) of what cannot work: place, host, missing, json; None when all can."""
        for name in ("url", "body"):
            if unknown(getattr(self, name), PLACES):
                return name, "place"
        place = place_of(self.url)
        if place is None:
            return "url", "address"
        if places(place[1]):
            return "url", "host"
        asked = {*places(self.url), *(places(self.body) if self.method != "GET" else ())}
        if "text" not in asked or not asked & {"phone", "digits"}:
            return ("url" if self.method == "GET" else "body"), "missing"
        if self.method != "GET" and self.content == "json" and not self._is_json():
            return "body", "json"
        return None

    def _is_json(self) -> bool:
        try:
            json.loads(self.call(Sms("+10000000000", 'a "b"', "1"))[1] or b"")
        except ValueError:
            return False
        return True


def judge(template: HttpTemplate, status: int, text: str) -> Outcome:
    """Say what an answer means for the SMS.

    From 500 on the service may have sent it before it fell: unknown. Too many calls: nothing was sent.
    """
    if status == 429:
        return Outcome(Fate.LATER, "too many calls")
    if status >= 500:
        return Outcome(Fate.UNKNOWN, f"answered {status}")
    if not 200 <= status < 300:
        return Outcome(Fate.NEVER, f"answered {status}")
    if template.bad and template.bad in text:
        return Outcome(Fate.NEVER, "the service did not take it")
    if template.good and template.good not in text:
        return Outcome(Fate.NEVER, "the service did not say that it took it")
    return Outcome(Fate.SENT)


def quiet_until(local: datetime, start: int, end: int) -> datetime | None:
    """Return when the quiet hours end in which a moment of the merchant's zone is; None: in none.

    `start` and `end` are hours of the day, over midnight where the end is the earlier; the same: no quiet.
    """
    hour, over_midnight = local.hour, start > end
    inside = (hour >= start or hour < end) if over_midnight else start <= hour < end
    if not inside:
        return None
    morning = local.date() + timedelta(days=1 if over_midnight and hour >= start else 0)
    return datetime.combine(morning, time(end), tzinfo=local.tzinfo)


def is_allowed(phone: str, countries: Collection[str]) -> bool:
    """Whether a number in E.164 is of one of the calling codes; no code named: of any."""
    return not countries or phone.removeprefix("+").startswith(tuple(countries))


def block_of(phone: str) -> str:
    """Return the block of ten thousand numbers to which a number belongs."""
    return f"{phone[:-4]}*"


def most_of_a_block(most_a_day: int, most_a_number: int) -> int:
    """Return how many SMS a day may go to one block of numbers.

    Who earns by SMS has many numbers in a row, each below its own cap: a block takes a tenth of the
    day, and never less than one number may, nor than twenty.
    """
    return max(most_a_day // 10, most_a_number, FEW)


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text as one line that an SMS can bear."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def place_of(address: str) -> tuple[str, str] | None:
    """Return the scheme and the host with its port that an address names; None for what is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts.scheme.lower(), parts.netloc.lower()


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _json(value: str) -> str:
    return json.dumps(value)[1:-1]
