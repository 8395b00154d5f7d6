"""Pay runs: their states, who is in and who is out and why, days of payment. Nothing here reads anything."""

from __future__ import annotations

from app.payruns.rules.days import Calendar, Plan, due, nominal_days, on_working_day, upcoming
from app.payruns.rules.eligibility import Open, Out, Pays, Standing, Verdict, chosen, judge
from app.payruns.rules.states import LIFECYCLE, OFFERED, OVER, State

__all__ = [
    "LIFECYCLE",
    "OFFERED",
    "OVER",
    "Calendar",
    "Open",
    "Out",
    "Pays",
    "Plan",
    "Standing",
    "State",
    "Verdict",
    "chosen",
    "due",
    "judge",
    "nominal_days",
    "on_working_day",
    "upcoming",
]
