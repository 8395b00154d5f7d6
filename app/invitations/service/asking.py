"""Make invitations of what was pasted, line by line, and say of each line that was left out why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from app import clock, crypto
from app.errors import Conflict, DomainError, FieldError
from app.events.service import actor
from app.extensions import db, kick_after_commit
from app.identity.rules import email_problem, normalise_email
from app.installation import public_address, settings
from app.invitations import queries
from app.invitations.models import Batch, Invitation
from app.invitations.rules import Line, Problem, State
from app.partners import queries as partners
from app.partners.rules import CodeError, Status, normalise_code
from app.partners.service import lock_partners
from app.placeholders import places, unknown
from app.programs import queries as programs
from app.tenancy import current_tenant, public_id
from app.tenants.queries import refuse_in_shadow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.partners.models import Partner

LONGEST_NAME = 200
PLACES = ("name", "link", "shop")
JOB = "send_invitations"


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What holds for a line that says nothing itself."""

    group_id: int | None = None
    terms_id: int | None = None
    sponsor_id: int | None = None
    locale: str = "en"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A line that can be invited."""

    number: int
    email: str
    name: str
    group_id: int | None
    terms_id: int | None
    sponsor_id: int | None
    code: str | None
    code_key: str | None


@dataclass
class _Known:
    """What the lines name, read once for all of them."""

    groups: dict[str, int]
    terms: dict[str, int]
    sponsors: Mapping[str, int | None] = field(default_factory=dict)
    partners: set[str] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)


def check_lines(lines: Sequence[Line], defaults: Defaults) -> tuple[list[Wish], list[Problem]]:
    """Return the lines that can be invited, and the others with why.

    Why: email, twice, partner, invited, name, group, terms, sponsor, code, code_taken, code_twice.
    """
    lock_partners()  # nobody takes a code or an e-mail between this look and what is made of it
    known = _known(lines)
    wishes: list[Wish] = []
    problems: list[Problem] = []
    emails: set[str] = set()
    keys: set[str] = set()
    for line in lines:
        wish = _read(line, known, defaults)
        why = wish if isinstance(wish, str) else _repeated(wish, emails, keys)
        if isinstance(wish, str) or why is not None:
            problems.append(Problem(line.number, line.email, str(why)))
            continue
        emails.add(wish.email)
        keys |= {wish.code_key} if wish.code_key else set()
        wishes.append(wish)
    return wishes, problems


def _repeated(wish: Wish, emails: set[str], keys: set[str]) -> str | None:
    if wish.email in emails:
        return "twice"
    return "code_twice" if wish.code_key in keys else None


def _known(lines: Sequence[Line]) -> _Known:
    emails = {normalise_email(line.email) for line in lines if line.email}
    keys = {key for line in lines if (key := _key(line.code))}
    known = _Known(
        groups={group.name.casefold(): group.id for group in programs.all_groups()},
        terms={terms.name.casefold(): terms.id for terms in programs.all_terms()},
        partners=partners.emails_among(emails),
        invited=queries.open_among(emails),
        codes=set(partners.partner_of_code(keys)) | queries.codes_promised(keys),
    )
    found = partners.by_refcodes({line.sponsor for line in lines if line.sponsor})
    known.sponsors = {
        said: each.id if each.status == Status.ACTIVE else None for said, each in found.items()
    }
    return known


def _key(code: str) -> str | None:
    try:
        return normalise_code(code) if code else None
    except CodeError:
        return None


def _read(line: Line, known: _Known, defaults: Defaults) -> Wish | str:
    email = normalise_email(line.email)
    group = known.groups.get(line.group.casefold()) if line.group else defaults.group_id
    terms = known.terms.get(line.terms.casefold()) if line.terms else defaults.terms_id
    sponsor = known.sponsors.get(line.sponsor) if line.sponsor else defaults.sponsor_id
    key = _key(line.code)
    name = " ".join(line.name.split())
    wrong = {
        "email": not line.email or email_problem(email),
        "partner": email in known.partners,
        "invited": email in known.invited,
        "name": len(name) > LONGEST_NAME,
        "group": bool(line.group) and group is None,
        "terms": bool(line.terms) and terms is None,
        "sponsor": bool(line.sponsor) and sponsor is None,
        "code": bool(line.code) and key is None,
        "code_taken": key is not None and key in known.codes,
    }
    why = next((word for word, is_so in wrong.items() if is_so), None)
    if why is not None:
        return why
    return Wish(
        number=line.number,
        email=email,
        name=name,
        group_id=group,
        terms_id=terms,
        sponsor_id=sponsor,
        code=line.code or None,
        code_key=key,
    )


def ask(
    wishes: Sequence[Wish],
    problems: Sequence[Problem],
    texts: Mapping[str, Mapping[str, str]],
    *,
    pace: int,
    locale: str,
) -> Batch:
    """Queue invitations to be sent at a pace (a minute); the lines left out are kept with the batch.

    Raises DomainError where no line is left, or a text names what cannot be filled in.
    """
    _check_texts(texts)
    if not wishes:
        words = _("No line can be invited.")
        raise DomainError("no_lines", words, FieldError("lines", words))
    report = [{"line": p.number, "said": p.said, "why": p.why} for p in problems]
    batch = Batch(
        public_id=public_id("ib"),
        texts={name: dict(text) for name, text in texts.items()},
        pace=pace,
        report=report,
        next_at=clock.wall(),
        created_at=clock.now(),
        created_by=actor(),
    )
    db.session.add(batch)
    db.session.flush()
    db.session.add_all(_made(batch, wish, locale) for wish in wishes)
    db.session.flush()
    kick_after_commit(JOB)
    return batch


def ask_partner(partner: Partner, email: str, texts: Mapping[str, Mapping[str, str]]) -> Invitation:
    """Invite a partner who has a name and a code only to an account of his own.

    Raises DomainError for what is no e-mail, Conflict for a taken one, or while he is invited.
    """
    refuse_in_shadow()
    address_ = normalise_email(email)
    if not email.strip() or email_problem(address_):
        raise _refusal("invalid_email", _("This is not an e-mail address."))
    if partner.email is not None or partner.status != Status.ACTIVE:
        raise Conflict("has_account", _("This partner cannot be invited any more."))
    if partners.by_email(address_) is not None:
        words = _("Another partner has this e-mail.")
        raise Conflict("email_taken", words, FieldError("email", words))
    if queries.open_among([address_]) or queries.open_of(partner.id) is not None:
        words = _("An invitation waits already. Withdraw it first.")
        raise Conflict("invited", words, FieldError("email", words))
    wish = Wish(
        number=1, email=address_, name=partner.name, group_id=None, terms_id=None,
        sponsor_id=None, code=None, code_key=None,
    )  # fmt: skip
    batch = ask([wish], (), texts, pace=1, locale=partner.locale)
    made = db.session.scalars(queries.listed().where(Invitation.batch_id == batch.id)).one()
    made.partner_id = partner.id
    db.session.flush()
    return made  # type: ignore[no-any-return]


def open_batch(texts: Mapping[str, Mapping[str, str]], pace: int) -> Batch:
    """Make a batch to which partners are added as long work. Raises DomainError for texts that cannot be sent."""
    refuse_in_shadow()
    _check_texts(texts)
    batch = Batch(
        public_id=public_id("ib"),
        texts={name: dict(text) for name, text in texts.items()},
        pace=pace,
        report=[],
        next_at=None,
        created_at=clock.now(),
        created_by=actor(),
    )
    db.session.add(batch)
    db.session.flush()
    return batch


def ask_all(batch: Batch, who: Sequence[Partner]) -> int:
    """Invite partners who have an e-mail and no account yet; who is invited already is passed over."""
    known = queries.open_among([each.email for each in who if each.email is not None])
    made = []
    for each in who:
        if each.email is None or each.email in known or each.person_id is not None:
            continue
        wish = Wish(
            number=1, email=each.email, name=each.name, group_id=None, terms_id=None,
            sponsor_id=None, code=None, code_key=None,
        )  # fmt: skip
        invitation = _made(batch, wish, each.locale)
        invitation.partner_id = each.id
        made.append(invitation)
    db.session.add_all(made)
    if made and batch.next_at is None:
        batch.next_at = clock.wall()
    db.session.flush()
    kick_after_commit(JOB)
    return len(made)


def _check_texts(texts: Mapping[str, Mapping[str, str]]) -> None:
    for locale, text in texts.items():
        for part in ("subject", "body"):
            if not text[part].strip():
                words = _("Fill this in.")
                raise DomainError("empty", words, FieldError(f"{part}_{locale}", words))
            strange = unknown(text[part], PLACES)
            if strange:
                words = _("{%(name)s} cannot be filled in here.", name=strange[0])
                raise DomainError("unknown_place", words, FieldError(f"{part}_{locale}", words))
        if "link" not in places(text["body"]):
            words = _("Say where the link goes: {link}.")
            raise DomainError("no_link", words, FieldError(f"body_{locale}", words))


def _made(batch: Batch, wish: Wish, locale: str) -> Invitation:
    outside = public_id("in")
    said: dict[str, Any] = {
        name: getattr(wish, name)
        for name in ("email", "name", "group_id", "terms_id", "sponsor_id", "code", "code_key")
    }
    return Invitation(
        **said,
        public_id=outside,
        batch_id=batch.id,
        locale=locale,
        partner_id=None,
        state=State.QUEUED,
        token_hash=crypto.digest(token(outside)),
        sent_at=None,
        opened_at=None,
        ended_at=None,
        created_at=clock.now(),
    )


def token(outside: str) -> str:
    """Return the secret of an invitation's address: made of its id and our key, kept only as a hash."""
    message = f"invitation:{current_tenant()}:{outside}".encode()
    return crypto.signature(settings().secret_key, message)[:48]


def address(invitation: Invitation, slug: str) -> str:
    """Return the full address at which an invitation is answered."""
    return public_address(f"/{slug}/invited/{token(invitation.public_id)}")


def _refusal(code: str, words: str) -> DomainError:
    return DomainError(code, words, FieldError("email", words))
