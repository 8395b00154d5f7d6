"""One form for what people write in many: mailboxes, telephones, sites, bought visits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from app.links.rules import PAID_MARKS

if TYPE_CHECKING:
    from collections.abc import Mapping

# Mail services whose mailboxes have several addresses.
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_YANDEX = frozenset({"yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"})
SHORTEST_PHONE = 10


def same_mailbox(email: str) -> str:
    """Return one name for all addresses that arrive in one mailbox: tags, dots and twins are dropped."""
    name, _, host = email.strip().casefold().rpartition("@")
    plain = name.partition("+")[0] or name
    if host in _GMAIL:
        return f"{plain.replace('.', '')}@gmail.com"
    if host in _YANDEX:
        return f"{plain.replace('.', '-')}@yandex.ru"
    return f"{plain}@{host}"


def last_digits(phone: str | None) -> str | None:
    """Return the last ten digits of a number however it was written; None where there are fewer."""
    digits = re.sub(r"\D", "", phone or "")
    return digits[-SHORTEST_PHONE:] if len(digits) >= SHORTEST_PHONE else None


_MEDIUMS = frozenset({"cpc", "ppc", "paid", "paidsearch", "paid_search", "paid-search", "sem"})


def paid_mark(params: Mapping[str, str]) -> str | None:
    """Return by what an address shows that the visit was bought in a search engine, or None."""
    for name in PAID_MARKS:
        if params.get(name):
            return name
    medium = params.get("utm_medium", "").casefold()
    return f"utm_medium={medium}" if medium in _MEDIUMS else None


def query_of(address: str | None) -> dict[str, str]:
    """Return what an address asks for, small names; nothing for what is no address."""
    try:
        found = parse_qsl(urlsplit(address or "").query, max_num_fields=100)
    except ValueError:
        return {}
    return {name.casefold(): value for name, value in found if value}


def host_of(address: str | None) -> str | None:
    """Return the host of an address, small and without www; None for what is none."""
    try:
        host = urlsplit(address or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def read_site(text: str) -> str | None:
    """Return the host of what a merchant typed, an address or a bare name; None for what is none."""
    typed = text.strip().casefold()
    host = host_of(typed if "//" in typed else f"//{typed}")
    return host if host and "." in host and re.fullmatch(r"[\w.-]{3,253}", host) else None


def of_site(name: str, site: str) -> bool:
    """Whether a host is a site's, or stands below it."""
    host = name.casefold().removeprefix("www.")
    return host == site or host.endswith(f".{site}")
