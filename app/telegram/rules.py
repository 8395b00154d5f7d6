"""What of Telegram's updates concerns us, what a token looks like, and what an answer means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.outcomes import Fate, Outcome

TOKEN = re.compile(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,60}")
USERNAME = re.compile(r"[A-Za-z0-9_]{3,64}")
CODE_LASTS = timedelta(minutes=15)
LONGEST = 4096  # characters of a message; what is longer Telegram refuses
_START = re.compile(r"/start(?:@\w+)?\s+([A-Za-z0-9_-]{16,64})")
_STOP = re.compile(r"/stop(?:@\w+)?\b")
CHAT_MOST = 2**52


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody wrote to the bot: a code to be linked by, "stop", or something else."""

    update: int
    chat: int
    name: str
    code: str | None = None
    stops: bool = False


def read(update: Any) -> Word | None:
    """Read one update of the Bot API; None for what does not concern us, in whatever shape it comes."""
    if not isinstance(update, dict) or not _is_number(update.get("update_id")):
        return None
    message = update.get("message")
    chat = message.get("chat") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(chat, dict):
        return None
    if not _is_number(chat.get("id")):
        return None
    if chat.get("type") != "private":
        return None  # a group would read the sums of one
    text = message.get("text")
    text = text if isinstance(text, str) else ""
    found = _START.fullmatch(text.strip())
    return Word(
        update=update["update_id"],
        chat=chat["id"],
        name=_name(chat),
        code=found[1] if found else None,
        stops=bool(_STOP.match(text.strip())),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < CHAT_MOST


def _name(chat: dict[str, Any]) -> str:
    words = (chat.get("first_name"), chat.get("last_name"))
    said = " ".join(word for word in words if isinstance(word, str)).replace("\x00", "")
    clean = "".join(c for c in said if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)
    return clean[:100] or "Telegram"


def judge(status: int, said: Any) -> Outcome:
    """Say what the Bot API's answer to sendMessage means. It costs nothing, so doubt is tried again."""
    if status == 200 and isinstance(said, dict) and said.get("ok") is True:
        return Outcome(Fate.SENT)
    if status == 403:
        return Outcome(Fate.NEVER, "the reader stopped the bot", gone=True)
    if status == 400:
        return Outcome(Fate.NEVER, "refused: 400")
    return Outcome(Fate.LATER, f"answered {status}")


def shortened(text: str, longest: int = LONGEST) -> str:
    """Return a text that one message can bear; counted as Telegram counts, in UTF-16."""
    if len(text.encode("utf-16-le")) // 2 <= longest:
        return text
    kept = text.encode("utf-16-le")[: (longest - 1) * 2].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"
