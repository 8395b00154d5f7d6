"""Translations as the product reads them: .mo files made from the .po files that people edit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from pathlib import Path


def compile_catalogs(folder: Path) -> int:
    """Compile each catalog that is newer than its compiled file; returns how many there were."""
    done = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as text:
            catalog = read_po(text, locale=source.parent.parent.name)
        part = target.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as binary:
            write_mo(binary, catalog)
        part.rename(target)
        done += 1
    return done
