"""Which claim wins an order, and to whom a customer is bound. Pure.

shapes: what is told and answered; judging: who wins, and why the others lose.
"""

from app.attribution.rules.judging import verdicts, winner
from app.attribution.rules.shapes import (
    CONFIRMED,
    IMPORTED,
    REGISTERED,
    SKEW,
    SUBSCRIBED,
    TYPED,
    UNPROVEN,
    Attribution,
    Binding,
    Buyer,
    Claim,
    Enrolment,
    Kind,
    OrderClaims,
    Outcome,
    Reason,
    Settings,
    Standing,
    Verdict,
)

__all__ = [
    "CONFIRMED",
    "IMPORTED",
    "REGISTERED",
    "SKEW",
    "SUBSCRIBED",
    "TYPED",
    "UNPROVEN",
    "Attribution",
    "Binding",
    "Buyer",
    "Claim",
    "Enrolment",
    "Kind",
    "OrderClaims",
    "Outcome",
    "Reason",
    "Settings",
    "Standing",
    "Verdict",
    "verdicts",
    "winner",
]
