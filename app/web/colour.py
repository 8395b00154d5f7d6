"""The accent colour: one per merchant, held to a contrast that can be read in both themes."""

from __future__ import annotations

# WCAG 2.2: 4.5 : 1 for text against what it stands on.
ENOUGH = 4.5
_WHITE = (255, 255, 255)
_PAPER_DARK = (24, 26, 30)  # --surface of the dark theme in static/app.css
_STEP = 4  # out of 255, small enough to stay the merchant's colour

Rgb = tuple[int, int, int]


def parse(colour: str) -> Rgb:
    """'1f6f54' or '#1f6f54' as three numbers. Raises ValueError."""
    digits = colour.removeprefix("#")
    if len(digits) != 6:
        msg = "a colour has six hexadecimal digits"
        raise ValueError(msg)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG's contrast ratio, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def readable(colour: Rgb, paper: Rgb) -> Rgb:
    """The nearest shade of the colour with enough contrast on the paper: darker on white, lighter on dark."""
    target = 0 if _luminance(paper) > 0.5 else 255
    shade = colour
    while contrast(shade, paper) < ENOUGH:
        shade = tuple(c + max(-_STEP, min(_STEP, target - c)) for c in shade)  # type: ignore[assignment]
    return shade


def accent_css(colour: str) -> str:
    """Style variables for an accent: a shade for each theme and the ink that stands on it."""
    wanted = parse(colour)
    light, dark = readable(wanted, _WHITE), readable(wanted, _PAPER_DARK)
    return (
        ":root{"
        f"--accent-light:{hex_text(light)};--accent-dark:{hex_text(dark)};"
        f"--accent-ink-light:{ink(light)};--accent-ink-dark:{ink(dark)}"
        "}\n"
    )


def ink(colour: Rgb) -> str:
    """What can be read on the colour: white, or nearly black."""
    return "#ffffff" if contrast(colour, _WHITE) >= ENOUGH else "#0f1115"


def hex_text(colour: Rgb) -> str:
    """Three numbers as '#1f6f54'."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
