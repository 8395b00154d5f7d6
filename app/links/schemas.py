"""What the API says about codes."""

from __future__ import annotations

from pydantic import BaseModel


class CodePartner(BaseModel):
    """Whose code it is."""

    refcode: str
    name: str


class CodeOut(BaseModel):
    """Whether a code holds now, and whose it is; `reason` says why it does not."""

    code: str
    valid: bool
    partner: CodePartner | None
    discount: str | None
    reason: str | None
