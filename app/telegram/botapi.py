"""The Bot API's edge: four calls, through the guarded way out. No error carries the token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.egress import EgressError, Limits, client
from app.installation import settings
from app.outcomes import Fate, Outcome
from app.telegram.rules import judge

LIMITS = Limits(seconds=15.0, size=4_194_304)  # a hundred updates fit


class BotError(Exception):
    """The Bot API did not do what was asked; the message is one word or number."""


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot, by its token."""

    token: str

    def send(self, chat_id: int, text: str) -> Outcome:
        """Write to a chat; plain text, so nothing in a name is markup."""
        body = {"chat_id": chat_id, "text": text, "link_preview_options": {"is_disabled": True}}
        try:
            status, said = self._call("sendMessage", body)
        except EgressError as error:
            return Outcome(Fate.LATER, f"{type(error).__name__}: {error}")
        return judge(status, said)

    def username(self) -> str:
        """Return the bot's name, which also proves the token. Raises BotError."""
        return str(self._result("getMe", {}).get("username") or "")

    def listen_by_webhook(self, address: str, secret: str) -> None:
        """Let Telegram call us. Raises BotError."""
        body = {"url": address, "secret_token": secret, "allowed_updates": ["message"]}
        self._result("setWebhook", body)

    def listen_by_asking(self) -> None:
        """Let Telegram keep updates until we ask. Raises BotError."""
        self._result("deleteWebhook", {})

    def updates(self, after: int) -> list[Any]:
        """Return what was written to the bot after an update, at once. Raises BotError."""
        body = {"offset": after + 1, "timeout": 0, "limit": 100, "allowed_updates": ["message"]}
        found = self._result("getUpdates", body)
        return found if isinstance(found, list) else []

    def _result(self, method: str, body: dict[str, Any]) -> Any:
        try:
            status, said = self._call(method, body)
        except EgressError as error:
            raise BotError(type(error).__name__) from error
        if status != 200 or not isinstance(said, dict) or said.get("ok") is not True:
            problem = f"answered {status}"
            raise BotError(problem)
        return said.get("result")

    def _call(self, method: str, body: dict[str, Any]) -> tuple[int, Any]:
        answer = client.fetch(
            "POST",
            f"{settings().telegram_url}/bot{self.token}/{method}",
            headers={"Content-Type": "application/json"},
            body=json.dumps(body).encode(),
            limits=LIMITS,
        )
        try:
            return answer.status, json.loads(answer.body)
        except (ValueError, RecursionError):
            return answer.status, None
