"""A Bot API on loopback that speaks its protocol, and a merchant whose bot it serves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app import jobs
from app.telegram import service
from tests.harness.peer import Asked, Peer

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFake1"
CHAT = 4242


class BotApi(Peer):
    """Knows one token; keeps what is written to the bot until it is asked, and what the bot says."""

    def __post_init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.refuses: int | None = None  # a status for sendMessage
        self.webhook: dict[str, Any] = {}
        super().__post_init__()

    def reply(self, asked: Asked) -> tuple[int, str]:
        """Answer one call."""
        token, _, method = asked.path.removeprefix("/bot").partition("/")
        if token != TOKEN:
            return 401, json.dumps({"ok": False, "description": "Unauthorized"})
        said = json.loads(asked.body)
        if method == "sendMessage" and self.refuses is not None:
            return self.refuses, json.dumps({"ok": False, "error_code": self.refuses})
        result: Any = True
        if method == "getMe":
            result = {"id": 1, "is_bot": True, "username": "lampa_bot"}
        if method == "getUpdates":
            result = [u for u in self.waiting if u["update_id"] >= said["offset"]]
        if method == "setWebhook":
            self.webhook = said
        return 200, json.dumps({"ok": True, "result": result})

    def writes(self, text: str, chat: int = CHAT) -> dict[str, Any]:
        """Let somebody write to the bot."""
        update = {
            "update_id": 100 + len(self.waiting),
            "message": {
                "chat": {"id": chat, "type": "private", "first_name": "Anna"},
                "text": text,
            },
        }
        self.waiting.append(update)
        return update

    @property
    def told(self) -> list[tuple[int, str]]:
        """What the bot said: (chat, words)."""
        calls = [json.loads(a.body) for a in self.asked if a.path.endswith("/sendMessage")]
        return [(call["chat_id"], call["text"]) for call in calls]


def serve(app: App, api: BotApi, public_url: str | None = None) -> Any:
    """Let bots be served by this API; returns the settings before."""
    before = app.extensions["partnerka"]
    said = {"telegram_url": api.url, "egress_allow": (api.place,)}
    app.extensions["partnerka"] = replace(
        before, **said, **({"public_url": public_url} if public_url else {})
    )
    return before


def connect(merchant: Merchant) -> None:
    """Give a merchant the bot."""
    jobs.in_transaction(lambda: service.connect(TOKEN, merchant.slug), merchant.id)


def code_for(merchant: Merchant, recipient: str) -> str:
    """Return a fresh code for somebody."""
    return jobs.in_transaction(lambda: service.new_code(recipient), merchant.id)
