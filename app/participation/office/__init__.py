"""The back office: the registration as the merchant builds it, applications, customers made partners."""

from __future__ import annotations

from app.participation.office import applications, card, consents, converting, links, questions
from app.participation.office.page import bp

__all__ = ["applications", "bp", "card", "consents", "converting", "links", "questions"]
