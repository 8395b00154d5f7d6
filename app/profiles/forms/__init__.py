"""The constructor: rows, cards and limits on a page."""
