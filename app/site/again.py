"""A call that the office sends again in test mode, in place of its key: by an environment no client can set."""

from __future__ import annotations

from dataclasses import dataclass

AGAIN = "partnerka.again"  # of a WSGI environment; headers of clients begin with HTTP_


@dataclass(frozen=True)
class Again:
    """In whose rows, for which shop and with which rights a call is sent again, and who pressed."""

    tenant_id: int
    shop_id: int
    scopes: tuple[str, ...]
    key_id: int
    actor: str
