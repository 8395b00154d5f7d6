"""Messages ready to be sent outside the transaction: letters, and their short siblings by SMS and in Telegram."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import force_locale

from app import clock
from app.notifications import rules, written
from app.notifications.delivery import send
from app.notifications.letters import UNWRITABLE, compose, rendered, tidy, wanted
from app.notifications.rules import Channel
from app.notifications.service import capture, capture_short
from app.notifications.view import UnwantedError
from app.outcomes import Fate, Outcome
from app.sms import queries as sms_queries
from app.sms import rules as sms_rules
from app.sms import service as sms
from app.sms.rules import Sms
from app.telegram import queries as telegram_queries
from app.telegram import rules as telegram_rules
from app.telegram import service as telegram

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from app.notifications.models import Message
    from app.notifications.view import View
    from app.sms.models import Gateway
    from app.sms.rules import SmsGateway


def prepare(message: Message) -> Callable[[], Outcome]:
    """Write a message by its channel, reserve what it costs, and return how to send it.

    Raises UnwantedError.
    """
    if message.channel == Channel.SMS:
        return _sms(message, wanted(message))
    if message.channel == Channel.TELEGRAM:
        return _chat(message, wanted(message))
    letter = compose(message)
    if letter.is_test:  # test mode writes to nobody: its letters are read in its office
        capture(message.id, letter)
        return lambda: Outcome(Fate.SENT)
    return lambda: send(letter)


def _sms(message: Message, view: View) -> Callable[[], Outcome]:
    found = sms_queries.gateway()
    if view.is_test:
        capture_short(message, view.brand, message.address, _texted(message, view))
        return lambda: Outcome(Fate.SENT)
    if found is None:
        raise UnwantedError("no SMS service")
    later = _morning(found, view) if message.template not in rules.AT_ONCE else None
    if later is not None:
        return lambda: Outcome(Fate.LATER, "quiet hours", not_before=later)
    refused = sms.reserve(found, message.address)
    if refused is not None:
        return lambda: Outcome(Fate.NEVER, refused)
    gateway = sms.opened(found)
    one = Sms(message.address, _texted(message, view), f"{view.event.public_id}.{message.id}")
    return lambda: _sent(gateway, one)


def _morning(found: Gateway, view: View) -> datetime | None:
    """Return when the quiet hours end, if it is one of them by the merchant's clock."""
    local = clock.wall().astimezone(ZoneInfo(view.merchant.timezone))
    return sms_rules.quiet_until(local, found.quiet_from, found.quiet_until)


def _texted(message: Message, view: View) -> str:
    with force_locale(message.locale):
        view.written = written.of(view)
        return sms_rules.shortened(UNWRITABLE.sub("", rendered(view, message.template, "sms")))


def _sent(gateway: SmsGateway, sms_: Sms) -> Outcome:
    outcome = gateway.send(sms_)
    return replace(outcome, unspent=outcome.fate in {Fate.LATER, Fate.NEVER})


def _chat(message: Message, view: View) -> Callable[[], Outcome]:
    if view.is_test:
        chat = telegram_queries.chat_of(message.recipient)
        name = chat.name if chat else message.address
        capture_short(message, view.brand, name, _told(message, view))
        return lambda: Outcome(Fate.SENT)
    found = telegram_queries.bot()
    if found is None:
        raise UnwantedError("no bot")
    bot, number, words = telegram.opened(found), int(message.address), _told(message, view)
    return lambda: bot.send(number, words)


def _told(message: Message, view: View) -> str:
    with force_locale(message.locale):
        view.written = written.of(view)
        plain = tidy(UNWRITABLE.sub("", rendered(view, message.template, "txt")))
    # The foot of a letter says why it came by mail; here the bot's own name says it.
    return telegram_rules.shortened(plain.rpartition("\n--\n")[0] or plain)
