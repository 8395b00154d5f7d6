"""How partners come in: by themselves, by the merchant's hand, by API; and what may be changed of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import clock
from app.catalog.rules import PageError, page_address
from app.errors import Conflict, DomainError, FieldError, Forbidden, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.identity.rules import email_problem, normalise_email
from app.members.rules import normalise_phone
from app.partners import queries
from app.partners.models import Partner
from app.partners.rules import Status
from app.partners.service import codes, sponsors, states
from app.programs import queries as programs
from app.programs.service import read_levels
from app.tenancy import current_tenant, public_id
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from app.programs.models import Group, Terms
    from app.tenants.models import Tenant

LONGEST_NAME, LONGEST_PHONE = 200, 40
REGIONS = {"ru": "RU", "en": None}


@dataclass(frozen=True, kw_only=True)
class NewPartner:
    """Whom the merchant takes in. The sponsor earns up to `sponsor_until`, that day included."""

    name: str
    email: str | None = None
    phone: str | None = None
    site: str | None = None
    comment: str = ""
    refcode: str | None = None  # made of the name unless said
    codes: Sequence[str] = ()
    sponsor_id: int | None = None
    sponsor_until: date | None = None
    group_id: int | None = None
    terms_id: int | None = None
    member_id: int | None = None
    levels: Sequence[str | None] = ()
    locale: str | None = None
    status: Status = Status.ACTIVE
    welcome: bool = True  # whether a letter goes out


@dataclass(frozen=True, kw_only=True)
class Application:
    """What a visitor says of himself at /<merchant>/join."""

    name: str
    email: str
    accepted_version: int  # of the terms whose text stood on the page
    phone: str | None = None
    site: str | None = None
    sponsor_code: str | None = None
    terms_id: int | None = None
    group_id: int | None = None
    member_id: int | None = None  # whose confirmed e-mail it is
    locale: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)


def create(new: NewPartner) -> Partner:
    """Take a partner in by the merchant's hand; with an e-mail he gets the welcome letter.

    Raises DomainError for what cannot stand, Conflict for a taken e-mail or code.
    """
    partner = _make(new)
    record(
        "partner.created",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        refcode=partner.refcode,
        welcome=new.welcome and partner.email is not None and partner.status == Status.ACTIVE,
    )
    if partner.status == Status.ACTIVE:
        states.place(partner)
    if new.sponsor_id is not None and partner.status == Status.ACTIVE:
        states.tell_sponsor(partner, new.sponsor_id)
    return partner


def register(said: Application) -> Partner | None:
    """Take an application in: active at once, or waiting for approval, as the merchant has set.

    None where the e-mail is known already: the answer to the visitor is the same, and a partner
    who forgot gets the welcome letter again. Raises Forbidden when registration is closed, Conflict
    when the terms changed since they were read, DomainError for what cannot stand.
    """
    check_open()
    check_terms(said)
    return enter(said)


def check_open() -> None:
    """Raise Forbidden where the merchant takes nobody in now."""
    if tenants.setting("registration") == "closed":
        raise Forbidden("registration_closed", _("This partner program takes nobody in now."))


def check_terms(said: Application) -> None:
    """Raise Conflict where the terms have changed since the applicant read them."""
    if said.accepted_version != joined_terms(said.terms_id, said.sponsor_code).version:
        words = _("The terms have changed since you read them. Please read them again.")
        raise Conflict("terms_changed", words, FieldError("accepted", words))


def check_contact(said: Application) -> str:
    """Return the normalised e-mail of an application. Raises DomainError for what cannot stand."""
    read = _read({name: getattr(said, name) for name in ("name", "email", "phone", "site")})
    email: str | None = read["email"]
    if email is None:
        raise _refusal("email", _("Fill this in."))
    return email


def enter(said: Application, status: Status | None = None) -> Partner | None:
    """Make a partner of an application: in this state, else active or waiting as the merchant has set.

    The version that was accepted is noted as it was. None where the e-mail is known already, as above.
    Raises DomainError for what cannot stand.
    """
    email = check_contact(said)
    codes.lock_partners()
    known = queries.by_email(email)
    if known is None:
        by_hand = tenants.setting("registration") == "manual"
        terms = joined_terms(said.terms_id, said.sponsor_code)
        return _enter(said, terms, status or (Status.PENDING if by_hand else Status.ACTIVE))
    if known.status == Status.ACTIVE:
        states.resend_welcome(known)
    return None


def _enter(said: Application, terms: Terms, status: Status) -> Partner:
    sponsor = find_sponsor(said.sponsor_code)
    partner = _make(
        NewPartner(
            name=said.name,
            email=said.email,
            phone=said.phone,
            site=said.site,
            sponsor_id=sponsor.id if sponsor else None,
            terms_id=None if terms.is_base else terms.id,
            group_id=said.group_id,
            member_id=said.member_id,
            locale=said.locale,
            status=status,
        )
    )
    partner.answers = said.answers
    partner.accepted_terms_version, partner.accepted_terms_at = said.accepted_version, clock.now()
    record(
        "partner.registered" if status == Status.ACTIVE else "partner.applied",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        refcode=partner.refcode,
        terms_version=said.accepted_version,
    )
    if status == Status.ACTIVE:
        states.place(partner)
    if status == Status.ACTIVE and sponsor is not None:
        states.tell_sponsor(partner, sponsor.id)
    db.session.flush()
    return partner


def joined_terms(terms_id: int | None, sponsor_code: str | None = None) -> Terms:
    """Return the terms on which somebody begins: those of the join link, else of the sponsor's code.

    A set that is not open now counts as not named; then it is the base terms.
    """
    by_code = queries.terms_of_code(sponsor_code) if sponsor_code else None
    for each in (terms_id, by_code):
        named = programs.terms_by_id(each) if each is not None else None
        if named is not None and programs.is_open(named, clock.now()):
            return named
    return programs.base_terms()


def find_sponsor(code: str | None) -> Partner | None:
    """Return the active partner whose code brought somebody here; a wrong or stale code is no obstacle."""
    if not code or len(code) > LONGEST_NAME:
        return None
    partner_id = next(iter(queries.partner_of_code([code]).values()), None)
    partner = queries.by_id(partner_id) if partner_id is not None else None
    return partner if partner is not None and partner.status == Status.ACTIVE else None


def change(partner: Partner, **said: Any) -> Partner:
    """Change what is given; rates, group and terms hold from now on.

    May be given: name, email, phone, site, comment, locale, muted, member_id, group_id, terms_id,
    levels, codes.

    Raises DomainError for what cannot stand, Conflict for a taken e-mail or code.
    """
    db.session.refresh(partner, with_for_update=True)
    fields = _read(said)
    if fields.get("email") not in (None, partner.email):
        _free_email(fields["email"])
    changes = {n: [getattr(partner, n), v] for n, v in fields.items() if getattr(partner, n) != v}
    for name in changes:
        setattr(partner, name, fields[name])
    changes |= _change_facts(partner, said)
    if "codes" in said:
        renamed = codes.set_promo_codes(partner, said["codes"])
        changes |= {"codes": renamed} if renamed else {}
    if not changes:
        return partner
    partner.search = codes.searched(partner)
    if "email" in changes and partner.status in {Status.ACTIVE, Status.BLOCKED}:
        states.dismiss(partner)
        states.admit(partner)
    record(
        "partner.changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes=changes,
    )
    db.session.flush()
    return partner


def _change_facts(partner: Partner, said: dict[str, Any]) -> dict[str, Any]:
    owner = f"partner:{partner.id}"
    changes: dict[str, Any] = {}
    for name, column, find in (
        ("group", "group_id", programs.group_by_id),
        ("terms", "terms_id", programs.terms_by_id),
    ):
        if column in said and said[column] != getattr(partner, column):
            changes[name] = [_called(find, i) for i in (getattr(partner, column), said[column])]
            setattr(partner, column, said[column])
            facts.put(owner, name, said[column], actor=actor())
    if "levels" in said:
        levels = read_levels(said["levels"])
        before = facts.current([owner], ["levels"]).get(owner, {}).get("levels")
        if facts.put(owner, "levels", levels, actor=actor()):
            changes["levels"] = [before, levels]
    return changes


def _called(find: Callable[[int], Group | Terms | None], found_id: int | None) -> str | None:
    """Return a group's or terms' name for the audit log; none is the base, or no group."""
    found = None if found_id is None else find(found_id)
    return found.name if found else None


def _make(new: NewPartner) -> Partner:
    fields = _read({n: getattr(new, n) for n in ("name", "email", "phone", "site", "comment")})
    levels = read_levels(new.levels)
    codes.lock_partners()
    if fields["email"] is not None:
        _free_email(fields["email"])
    key = (
        codes.read_code(new.refcode, "refcode")
        if new.refcode
        else codes.free_refcode(fields["name"])
    )
    if queries.partner_of_code([key]):
        words = _("The code %(code)s is taken.", code=new.refcode)
        raise Conflict("code_taken", words, FieldError("refcode", words))
    partner = Partner(
        **fields,
        public_id=public_id("pt"),
        refcode=key,
        search="",
        status=new.status.value,
        member_id=new.member_id,
        group_id=new.group_id,
        terms_id=new.terms_id,
        locale=new.locale or _merchant().locale,
        created_at=clock.now(),
    )
    partner.search = codes.searched(partner)
    db.session.add(partner)
    db.session.flush()
    codes.add_code(partner, new.refcode or key, "refcode", "refcode")
    codes.set_promo_codes(partner, new.codes)
    first = {
        "status": new.status.value,
        "terms": new.terms_id,
        "group": new.group_id,
        "levels": levels,
    }
    facts.found(f"partner:{partner.id}", first, actor())
    sponsors.found_edge(partner, new.sponsor_id, new.sponsor_until)
    if new.status == Status.ACTIVE:
        states.admit(partner)
    return partner


def _read(said: dict[str, Any]) -> dict[str, Any]:
    plain = ("comment", "locale", "muted", "member_id")
    fields: dict[str, Any] = {name: said[name] for name in plain if name in said}
    read = {"name": _name, "email": _email, "phone": _phone, "site": _site}
    return fields | {name: reader(said[name]) for name, reader in read.items() if name in said}


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise _refusal("name", _("A name has 1 to %(most)s characters.", most=LONGEST_NAME))
    return name


def _email(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    address = normalise_email(text)
    if email_problem(address):
        raise _refusal("email", _("This is not an e-mail address."))
    return address


def _phone(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    phone = normalise_phone(text, REGIONS.get(_merchant().locale))
    if phone is None or len(text) > LONGEST_PHONE:
        raise _refusal(
            "phone", _("Write the phone with its country code, such as +7 916 123-45-67.")
        )
    return phone


def _site(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    typed = text.strip()
    try:
        return page_address(typed if "://" in typed else f"https://{typed}")
    except PageError as error:
        raise _refusal("site", _("Write the site's address, such as blog.example.")) from error


def _free_email(email: str) -> None:
    if queries.by_email(email) is not None:
        words = _("Another partner has this e-mail.")
        raise Conflict("email_taken", words, FieldError("email", words))


def _merchant() -> Tenant:
    tenant = tenants.tenant(current_tenant())
    if tenant is None:
        raise NotFound
    return tenant


def _refusal(name: str, words: str) -> DomainError:
    return DomainError(f"invalid_{name}", words, FieldError(name, words))
