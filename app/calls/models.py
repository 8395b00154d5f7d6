"""Calls of keys as they are shown: without secrets, without what tells who a person is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted


class ApiCall(Tenanted, Model):
    """One call of the API by a key; the last ones of each key are kept, for a month at most."""

    __tablename__ = "api_call"

    key_id: Mapped[int]
    at: Mapped[datetime]
    method: Mapped[str]
    path: Mapped[str]  # with the query, masked
    status: Mapped[int]
    reason: Mapped[str]  # the code of a refusal, or nothing
    ms: Mapped[int]
    body: Mapped[str]  # masked; of one too long only a word
    answer: Mapped[str]
    request_id: Mapped[str]

    __table_args__ = (Index("ix_api_call_key", "tenant_id", "key_id", "id"),)
