"""Where a person may go after signing in: offices, cabinets, the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.identity import queries as people
from app.identity.rules import Role
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from app.identity.models import Person


@dataclass(frozen=True)
class Place:
    """A door that is open to a person; `role` is owner ... developer, partner, or operator."""

    name: str
    role: str
    address: str


def places(person: Person) -> list[Place]:
    """Return the doors open to a person; a person may be staff here and a partner there."""
    memberships = people.memberships(person.id)
    known = tenants.tenants_of(m.tenant_id for m in memberships)
    found = []
    for membership in memberships:
        tenant = known.get(membership.tenant_id)
        if tenant is None or tenant.suspended_at is not None:
            continue
        door = "cabinet" if membership.role == Role.PARTNER.value else "office"
        found.append(Place(tenant.name, membership.role, f"/{tenant.slug}/{door}/"))
    if person.is_operator:
        found.append(Place("Partnerka", "operator", "/platform/"))
    return found


def home(person: Person) -> str:
    """Return where signing in leads: the only place there is, else the page that lets one choose."""
    found = places(person)
    return found[0].address if len(found) == 1 else "/places"
