"""Reasons to hold a deal, and what staff decided about it."""
