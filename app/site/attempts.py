"""How often a password or a letter may be asked for. Closed when Redis is down: guessing must not become free.

Only failures count towards signing in, so that nobody is kept out by having signed in often; limits
are per account and per address, and delay rather than lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app, request
from flask_babel import gettext as _
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from limits import RateLimitItem

PER_ACCOUNT = RateLimitItemPerMinute(10, 15)
PER_ADDRESS = RateLimitItemPerMinute(50, 15)
LETTERS_PER_ACCOUNT = RateLimitItemPerHour(5)
LETTERS_PER_ADDRESS = RateLimitItemPerHour(30)
QUESTIONS = RateLimitItemPerHour(30)
CHECKS = RateLimitItemPerHour(60)  # of statement files, an address
HELP = RateLimitItemPerHour(10)  # questions and answers, a person
CODES_PER_ADDRESS = RateLimitItemPerHour(30)
WRONG_CODES_PER_ADDRESS = RateLimitItemPerMinute(10, 15)
WRONG_CODES_PER_MERCHANT = RateLimitItemPerHour(100)  # beyond it staff are told
SMS_PER_ADDRESS = RateLimitItemPerHour(10)  # codes by phone that an address asks for
PHONE_CODES_PER_ADDRESS = RateLimitItemPerMinute(30, 15)  # tries of codes by phone
WRONG_PHONE_CODES_PER_MERCHANT = RateLimitItemPerHour(200)  # from however many addresses
TOLD_OF_GUESSING = RateLimitItemPerHour(1, 6)
PAUSE = 60  # seconds; what is told, the window itself moves on


def init_app(app: Flask) -> None:
    """Count where the limiter counts."""
    uri = str(app.config["RATELIMIT_STORAGE_URI"])
    waits = {"socket_timeout": 2, "socket_connect_timeout": 2} if uri.startswith("redis") else {}
    app.extensions["attempts"] = MovingWindowRateLimiter(storage_from_string(uri, **waits))


def check_password_tries(account: str) -> None:
    """Refuse when this account or this address failed too often. Raises TooManyRequests, ServiceUnavailable."""
    tries = ((PER_ACCOUNT, f"account:{account}"), (PER_ADDRESS, f"address:{request.remote_addr}"))
    if not all(_ask(_limiter().test, item, name) for item, name in tries):
        raise TooManyRequests(_("Too many wrong passwords. Wait a few minutes."), retry_after=PAUSE)


def count_wrong_password(account: str) -> None:
    """Remember one failure of an account and of an address."""
    _ask(_limiter().hit, PER_ACCOUNT, f"account:{account}")
    _ask(_limiter().hit, PER_ADDRESS, f"address:{request.remote_addr}")


def may_write_to(account: str) -> bool:
    """Count one letter and tell whether the account may get it; an address that asks for many is refused.

    Raises TooManyRequests, ServiceUnavailable.
    """
    if not _ask(_limiter().hit, LETTERS_PER_ADDRESS, f"letters:{request.remote_addr}"):
        raise TooManyRequests(
            _("Too many letters were asked for. Try again in an hour."), retry_after=PAUSE
        )
    return _ask(_limiter().hit, LETTERS_PER_ACCOUNT, f"letters:{account}")


def count_question(account: str) -> None:
    """Count one question about an order's number: guessing numbers must not pay. Raises as above."""
    if not _ask(_limiter().hit, QUESTIONS, f"questions:{account}"):
        raise TooManyRequests(
            _("Too many questions in an hour. Try again later."), retry_after=PAUSE
        )


def count_check() -> None:
    """Count one file that an address wants checked: each costs a second of work at most. Raises as above."""
    if not _ask(_limiter().hit, CHECKS, f"checks:{request.remote_addr}"):
        raise TooManyRequests(_("Too many files in an hour. Try again later."), retry_after=PAUSE)


def count_help(person: str) -> None:
    """Count what one person asks or adds on the pages of help. Raises as above."""
    if not _ask(_limiter().hit, HELP, f"help:{person}"):
        raise TooManyRequests(
            _("Too many questions in an hour. Try again later."), retry_after=PAUSE
        )


def check_code_tries() -> None:
    """Count one code typed from this address; refuse who types many, or many wrong ones.

    Raises TooManyRequests, ServiceUnavailable.
    """
    here = request.remote_addr
    tries = _ask(_limiter().hit, CODES_PER_ADDRESS, f"codes:{here}")
    if not tries or not _ask(_limiter().test, WRONG_CODES_PER_ADDRESS, f"wrong codes:{here}"):
        raise TooManyRequests(
            _("Too many codes were typed. Wait a few minutes."), retry_after=PAUSE
        )


def count_wrong_code(merchant: int) -> bool:
    """Remember one code that was no good; tell whether the merchant's staff are to be told of guessing.

    They are told once in six hours, however many guess.
    """
    _ask(_limiter().hit, WRONG_CODES_PER_ADDRESS, f"wrong codes:{request.remote_addr}")
    few = _ask(_limiter().hit, WRONG_CODES_PER_MERCHANT, f"wrong codes of:{merchant}")
    return not few and _ask(_limiter().hit, TOLD_OF_GUESSING, f"guessing told:{merchant}")


def count_phone_code() -> None:
    """Count one code by SMS that this address asks for, whoever it is for. Raises as above."""
    if not _ask(_limiter().hit, SMS_PER_ADDRESS, f"sms:{request.remote_addr}"):
        raise TooManyRequests(
            _("Too many codes were asked for. Try again in an hour."), retry_after=PAUSE
        )


def count_phone_try(merchant: int) -> None:
    """Count one code by SMS that is typed at this address; none is tried while many guess at once.

    Raises as above.
    """
    mine = _ask(_limiter().hit, PHONE_CODES_PER_ADDRESS, f"sms tries:{request.remote_addr}")
    name = f"wrong sms codes of:{merchant}"
    if not mine or not _ask(_limiter().test, WRONG_PHONE_CODES_PER_MERCHANT, name):
        raise TooManyRequests(
            _("Too many codes were typed. Wait a few minutes."), retry_after=PAUSE
        )


def count_wrong_phone_code(merchant: int) -> None:
    """Remember one code by SMS that was no good. Raises ServiceUnavailable."""
    _ask(_limiter().hit, WRONG_PHONE_CODES_PER_MERCHANT, f"wrong sms codes of:{merchant}")


def keep_tries() -> None:
    """Let what a try wrote stay, though the answer refuses it: a refusal takes back what its request did."""
    db.session.commit()


def _limiter() -> MovingWindowRateLimiter:
    found: MovingWindowRateLimiter = current_app.extensions["attempts"]
    return found


def _ask(question: Callable[..., bool], item: RateLimitItem, name: str) -> bool:
    if not current_app.config["RATELIMIT_ENABLED"]:
        return True
    try:
        return question(item, name)
    except (RedisError, StorageError) as error:
        raise ServiceUnavailable(
            _("This rests for a moment. Try again shortly."), retry_after=10
        ) from error
