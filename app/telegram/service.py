"""Verbs on Telegram: keep the bot, hand out codes, link and unlink chats by what is written to the bot."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, crypto
from app.errors import DomainError, FieldError, NotFound
from app.events.service import record
from app.extensions import db
from app.installation import public_address, settings
from app.telegram import botapi, queries, rules
from app.telegram.models import Bot, Chat, Code
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.telegram.rules import Word


NOWHERE = 0  # the chat of test mode


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot is to answer after the transaction: linked, unknown or stopped."""

    chat: int
    what: str


def connect(token: str, slug: str) -> Bot:
    """Keep the merchant's bot, once Telegram knows it. Raises DomainError, saying nothing of the token."""
    typed, tenant = token.strip(), tenants.tenant(current_tenant())
    if tenant is not None and tenant.twin_of is not None:
        raise _refusal(_("Test mode writes to nobody: connect the bot in live mode."))
    if rules.TOKEN.fullmatch(typed) is None:
        raise _refusal(_("A token looks like 123456789:AAF…, as BotFather shows it."))
    bot, by_webhook = botapi.Bot(typed), settings().public_url.startswith("https://")
    try:
        username = bot.username()
        if by_webhook:
            bot.listen_by_webhook(public_address(f"/{slug}/telegram"), secret(typed))
        else:
            bot.listen_by_asking()
    except botapi.BotError as error:
        words = _(
            "Telegram did not take this token (%(why)s). Copy it anew from BotFather.",
            why=str(error),
        )
        raise _refusal(words) from error
    if rules.USERNAME.fullmatch(username) is None:
        raise _refusal(_("Telegram did not name this bot."))
    db.session.execute(delete(Bot))
    found = Bot(
        token=crypto.seal(typed),
        username=username,
        mode="webhook" if by_webhook else "poll",
        problem=None,
        created_at=clock.wall(),
    )
    db.session.add(found)
    db.session.flush()
    _tell(None, username)
    return found


def pretend(recipient: str, name: str) -> None:
    """Link somebody of test mode to a chat that is none: what would be written there is kept to be read."""
    said = {"chat_id": NOWHERE, "name": name, "linked_at": clock.wall()}
    link = insert(Chat).values(recipient=recipient, **said)
    db.session.execute(
        link.on_conflict_do_update(index_elements=[Chat.tenant_id, Chat.recipient], set_=said)
    )


def disconnect() -> None:
    """Forget the bot and every chat. Raises NotFound where there is none."""
    found = queries.bot()
    if found is None:
        raise NotFound
    _tell(found.username, None)
    for table in (Chat, Code, Bot):
        db.session.execute(delete(table))


def opened(found: Bot) -> botapi.Bot:
    """Return the bot ready to speak. Raises crypto.Unsealable."""
    return botapi.Bot(crypto.open_sealed(found.token))


def secret(token: str) -> str:
    """Return the word by which Telegram's calls for this bot are known; made of the token, kept nowhere."""
    return crypto.signature(settings().secret_key, f"telegram:{current_tenant()}:{token}".encode())


def is_from_telegram(found: Bot, said: str) -> bool:
    """Whether a call of the webhook carries the bot's secret."""
    return hmac.compare_digest(secret(crypto.open_sealed(found.token)).encode(), said.encode())


def new_code(recipient: str) -> str:
    """Return a fresh code for one chat and a quarter of an hour; earlier ones of the same end."""
    db.session.execute(delete(Code).where(Code.recipient == recipient))
    code = crypto.token(size=24)
    db.session.add(
        Code(
            recipient=recipient,
            code_hash=crypto.digest(code),
            expires_at=clock.wall() + rules.CODE_LASTS,
            used_at=None,
        )
    )
    db.session.flush()
    return code


def hear(found: Bot, updates: Sequence[Any]) -> list[Reply]:
    """Do what was written to the bot and return what it is to answer.

    An update may come twice and out of its order (webhooks do): a code links one chat once, and a
    second "stop" finds nothing.
    """
    db.session.refresh(found, with_for_update=True)
    words = [word for word in map(rules.read, updates) if word is not None]
    done = [_do(word) for word in sorted(words, key=lambda each: each.update)]
    found.position = max([found.position, *_numbers(updates)])
    found.problem = None
    db.session.flush()
    return [reply for reply in done if reply is not None]


def _numbers(updates: Sequence[Any]) -> list[int]:
    """Return the numbers of updates in whatever shape: what does not concern us is done as well."""
    said = (each.get("update_id") for each in updates if isinstance(each, dict))
    return [n for n in said if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**52]


def reply_words(reply: Reply) -> str:
    """Return what the bot says, in the merchant's language: nobody's own is known here yet."""
    tenant = tenants.tenant(current_tenant())
    with force_locale(tenant.locale if tenant else "en"):
        said: dict[str, str] = {
            "linked": _(
                "Connected. Notices of %(shop)s come here now. Send /stop to end that.",
                shop=tenant.name if tenant else "",
            ),
            "unknown": _(
                "This link has been used or has expired. Press Connect in your account once more."
            ),
            "stopped": _("Stopped. No more notices come here."),
        }
    return said[reply.what]


def _do(word: Word) -> Reply | None:
    if word.stops:
        gone = delete(Chat).where(Chat.chat_id == word.chat).returning(Chat.id)
        return Reply(word.chat, "stopped") if db.session.scalars(gone).all() else None
    if word.code is None:
        return None
    now = clock.wall()
    valid = (
        (Code.tenant_id == current_tenant())
        & (Code.code_hash == crypto.digest(word.code))
        & Code.used_at.is_(None)
        & (Code.expires_at > now)
    )
    use = update(Code).where(valid).values(used_at=now).returning(Code.recipient)
    recipient = db.session.scalar(use)
    if recipient is None:
        return None if _was_linked(word) else Reply(word.chat, "unknown")
    said = {"chat_id": word.chat, "name": word.name, "linked_at": now}
    link = insert(Chat).values(recipient=recipient, **said)
    db.session.execute(
        link.on_conflict_do_update(index_elements=[Chat.tenant_id, Chat.recipient], set_=said)
    )
    return Reply(word.chat, "linked")


def _was_linked(word: Word) -> bool:
    """Whether this chat was linked by this very code: then the update has come twice."""
    query = (
        select(Chat.id)
        .join(Code, (Code.tenant_id == Chat.tenant_id) & (Code.recipient == Chat.recipient))
        .where(Code.code_hash == crypto.digest(word.code or ""), Chat.chat_id == word.chat)
    )
    return db.session.scalar(query) is not None


def unlink(recipient: str) -> None:
    """Write to somebody in Telegram no more."""
    db.session.execute(delete(Chat).where(Chat.recipient == recipient))


def forget(chat_id: int) -> None:
    """Write no more to a chat that has stopped the bot, whoever's it is."""
    db.session.execute(delete(Chat).where(Chat.chat_id == chat_id))


def note_problem(bot_id: int, problem: str) -> None:
    """Keep why a bot cannot be asked, for its page."""
    mine = (Bot.tenant_id == current_tenant()) & (Bot.id == bot_id)
    db.session.execute(update(Bot).where(mine).values(problem=problem[:200]))


def _tell(before: str | None, after: str | None) -> None:
    changes = {"telegram": [before, after]}
    record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)


def _refusal(words: str) -> DomainError:
    return DomainError("invalid_token", words, FieldError("token", words))
