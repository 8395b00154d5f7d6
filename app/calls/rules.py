"""What of a call is kept: shape without people. E-mails and phones become others that fit in their place.

The same e-mail becomes the same every time (by a salt that is the installation's), so that a masked call
can be sent again in test mode and still means one customer.
"""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

MOST = 1_000  # calls that are kept of each key
AGE_DAYS = 30
LARGEST = 16_000  # characters of a body or an answer; longer ones are told by their length alone
HIDDEN = "[hidden]"
HOST = "hidden.example"
NOBODYS = "+7000"  # of the right length for Russia and Kazakhstan, and no operator's
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+(?:@|%40)[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_KEY = re.compile(r"\b(?:[sp]k_(?:live|test)|inst|whsec|ws|cp)_[A-Za-z0-9_+/=-]+")
_SECRET = re.compile(
    r"(?i)passw|secret|token|authorization|cookie|csrf|api_?key|signature|^(otp|pin|sig)$"
)
_PHONE = re.compile(r"(?i)phone|mobile|msisdn|^tel(_?number|\d*)$")
_PHONE_IN_WORDS = re.compile(r"(?<![\w.])(?:\+|%2B)\d[\d ()-]{8,16}\d")
_MASKED_PHONE = re.compile(rf"{re.escape(NOBODYS)}\d{{7}}")
_TOLD = re.compile(r"\[\d+ (?:bytes|characters)\]")  # what stands for a text that was too long
_PHONE_IN_QUERY = re.compile(r"(?i)((?:^|[?&])(?:phone|tel|mobile)=)[^&]*")
_SECRET_IN_QUERY = re.compile(r"(?i)((?:^|[?&])[^=&]*(?:passw|secret|token|api_?key)[^=&]*=)[^&]*")
_PRIVATE = re.compile(
    r"(?i)^(address|street|passport|snils|inn|account|card|iban|ip|details|comment|note)$"
)
_NAME = re.compile(r"(?i)^((first|last|middle|full|customer|buyer)_?)?name$|^surname$|^patronymic$")
_PEOPLE = re.compile(
    r"(?i)customer|buyer|member|partner|sponsor|payee|person|recipient|owner|contact"
)
_TELLING = frozenset({"email", "phone", "birthday", "refcode"})


@dataclass(frozen=True)
class Call:
    """A call as it came; `path` with its query, `ms` in milliseconds."""

    tenant_id: int
    key_id: int
    at: str
    method: str
    path: str
    status: int
    ms: int
    body: str
    answer: str
    request_id: str


def masked_call(call: Call, salt: bytes) -> dict[str, Any]:
    """Return a call as it is kept."""
    mask = Mask(salt)
    return {
        "tenant_id": call.tenant_id,
        "key_id": call.key_id,
        "at": call.at,
        "method": call.method,
        "path": mask.path(call.path),
        "status": call.status,
        "reason": reason_of(call.status, call.answer),
        "ms": call.ms,
        "body": mask.text(call.body),
        "answer": mask.text(call.answer),
        "request_id": call.request_id,
    }


def reason_of(status: int, answer: str) -> str:
    """Return the code by which an answer says why it refuses; nothing where it does not."""
    if status < 400:
        return ""
    try:
        said = json.loads(answer)
    except ValueError:
        return str(status)
    return str(said.get("code") or status)[:60] if isinstance(said, dict) else str(status)


@dataclass(frozen=True)
class Mask:
    """Hides people and secrets in texts and JSON."""

    salt: bytes

    def text(self, text: str) -> str:
        """Return a body or an answer as it is kept: JSON masked field by field.

        Of anything else only its length: where no fields can be told apart, nobody knows what is a name.
        """
        if len(text) > LARGEST:
            return f"[{len(text)} characters]"
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return (
                text if not text or _TOLD.fullmatch(text) else f"[{len(text)} characters, no JSON]"
            )
        return _storable(json.dumps(self.value(found), ensure_ascii=False))

    def path(self, path: str) -> str:
        """Return a path with its query as it is kept."""
        cut = _SECRET_IN_QUERY.sub(rf"\1{HIDDEN}", path)
        return self.words(_PHONE_IN_QUERY.sub(lambda m: m[1] + self.phone(m[0]), cut))[:2000]

    def words(self, text: str) -> str:
        """Return a text without e-mails, phones and keys."""
        plain = _EMAIL.sub(lambda found: self.email(found[0]), _KEY.sub(HIDDEN, text))
        return _storable(_PHONE_IN_WORDS.sub(lambda found: self.phone(found[0]), plain))

    def value(self, value: Any, name: str = "", inside: str = "") -> Any:
        """Return a JSON value as it is kept; `name`: its field, `inside`: the field around it."""
        if isinstance(value, dict):
            own = name or inside
            people = bool(_PEOPLE.search(own)) or bool(_TELLING & value.keys())
            around = "person" if people else "thing"
            return {self.words(k): self.value(v, k, around) for k, v in value.items()}
        if isinstance(value, list):
            return [self.value(each, name, inside) for each in value]
        return self._plain(value, name, inside)

    def _plain(self, value: Any, name: str, inside: str) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if _SECRET.search(name):
            return HIDDEN
        if _PHONE.search(name):
            return self.phone(str(value))
        return self._said(value, name, inside) if isinstance(value, str) else value

    def _said(self, value: str, name: str, inside: str) -> str:
        if name == "birthday":
            return "1990-01-01"
        if value.strip() and _PRIVATE.search(name):
            return HIDDEN
        if value.strip() and inside == "person" and _NAME.search(name):
            return f"{value.strip()[:1]}•••"
        return self.words(value)

    def email(self, email: str) -> str:
        """Return another address for an e-mail, the same each time; what is hidden already stays."""
        plain = email.replace("%40", "@").lower()
        return email if plain.endswith(f"@{HOST}") else f"{self._mark(plain)}@{HOST}"

    def phone(self, phone: str) -> str:
        """Return another number for a phone, of a range that nobody has; what is masked already stays."""
        if _MASKED_PHONE.fullmatch(phone):
            return phone
        digits = "".join(c for c in phone if c.isdigit())
        return f"{NOBODYS}{int(self._mark(digits), 16) % 10**7:07d}"

    def _mark(self, text: str) -> str:
        return hmac.new(self.salt, text.encode(), "sha256").hexdigest()[:12]


def _storable(text: str) -> str:
    """Return a text without what no database can hold: halves of characters, and NUL."""
    return text.replace("\0", "").encode(errors="replace").decode()
