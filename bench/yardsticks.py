"""Yardsticks: the least that a server of the same kind does."""

from __future__ import annotations

from flask import Flask

trivial = Flask("trivial")


@trivial.get("/")
def nothing() -> str:
    """Answer."""
    return "ok"
