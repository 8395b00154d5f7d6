"""Reads a QR code back from the squares of our SVG: a reader of its own, by the standard (ISO/IEC 18004).

Only what our pictures have: level M and no damage, so error correction is left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Level M: per version the codewords of error correction in a block, and the blocks' data codewords.
BLOCKS: dict[int, tuple[int, list[int]]] = {
    1: (10, [16]), 2: (16, [28]), 3: (26, [44]), 4: (18, [32] * 2), 5: (24, [43] * 2),
    6: (16, [27] * 4), 7: (18, [31] * 4), 8: (22, [38] * 2 + [39] * 2), 9: (22, [36] * 3 + [37] * 2),
    10: (26, [43] * 4 + [44]), 11: (30, [50] + [51] * 4), 12: (22, [36] * 6 + [37] * 2),
    13: (22, [37] * 8 + [38]), 14: (24, [40] * 4 + [41] * 5), 15: (24, [41] * 5 + [42] * 5),
    16: (28, [45] * 7 + [46] * 3), 17: (28, [46] * 10 + [47]), 18: (26, [43] * 9 + [44] * 4),
    19: (26, [44] * 3 + [45] * 11), 20: (26, [41] * 3 + [42] * 13),
}  # fmt: skip
ALIGNED: dict[int, list[int]] = {
    1: [], 2: [6, 18], 3: [6, 22], 4: [6, 26], 5: [6, 30], 6: [6, 34], 7: [6, 22, 38], 8: [6, 24, 42],
    9: [6, 26, 46], 10: [6, 28, 50], 11: [6, 30, 54], 12: [6, 32, 58], 13: [6, 34, 62],
    14: [6, 26, 46, 66], 15: [6, 26, 48, 70], 16: [6, 26, 50, 74], 17: [6, 30, 54, 78],
    18: [6, 30, 56, 82], 19: [6, 30, 58, 86], 20: [6, 34, 62, 90],
}  # fmt: skip
MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, _x: y % 2 == 0,
    lambda _y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
CAPITALS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
FORMAT_MASK = 0b101010000010010


def read_svg(svg: str) -> str:
    """Return the text of the QR code that an SVG of ours draws."""
    found = re.search(r'viewBox="0 0 (\d+) ', svg)
    assert found is not None
    border, size = 4, int(found[1]) - 8
    dark = {(int(y) - border, int(x) - border) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg)}
    return _read(dark, size)


def _read(dark: set[tuple[int, int]], size: int) -> str:
    version = (size - 17) // 4
    bits = [(8, x) in dark for x in (0, 1, 2, 3, 4, 5, 7, 8)]
    form = int("".join("01"[b] for b in bits), 2) << 7 ^ FORMAT_MASK
    assert form >> 13 == 0b00, "not level M"
    mask = MASKS[form >> 10 & 7]
    taken = _reserved(version, size)
    stream = [((y, x) in dark) != mask(y, x) for y, x in _path(size) if (y, x) not in taken]
    words = [
        int("".join("01"[b] for b in stream[n : n + 8]), 2) for n in range(0, len(stream) - 7, 8)
    ]
    return _text(_together(words, BLOCKS[version][1]), version)


def _reserved(version: int, size: int) -> set[tuple[int, int]]:
    taken = {(6, n) for n in range(size)} | {(n, 6) for n in range(size)}
    for top, left in ((0, 0), (0, size - 8), (size - 8, 0)):
        high, wide = (9 if top == 0 else 8), (9 if left == 0 else 8)
        taken |= {(top + y, left + x) for y in range(high) for x in range(wide)}
    places, corners = ALIGNED[version], {(6, 6), (6, size - 7), (size - 7, 6)}
    for y in places:
        for x in places:
            if (y, x) not in corners:
                taken |= {(y + a, x + b) for a in range(-2, 3) for b in range(-2, 3)}
    if version >= 7:
        taken |= {(y, size - 11 + x) for y in range(6) for x in range(3)}
        taken |= {(size - 11 + x, y) for y in range(6) for x in range(3)}
    return taken


def _path(size: int) -> list[tuple[int, int]]:
    """The squares in the order of the bits: two columns at a time, up and down, from the right."""
    order, up, right = [], True, size - 1
    while right > 0:
        right -= right == 6  # the column of timing is jumped over
        rows = range(size - 1, -1, -1) if up else range(size)
        order += [(y, x) for y in rows for x in (right, right - 1)]
        up, right = not up, right - 2
    return order


def _together(words: list[int], lengths: list[int]) -> list[int]:
    blocks: list[list[int]] = [[] for _ in lengths]
    following = iter(words)
    for place in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if place < length:
                block.append(next(following))
    return [word for block in blocks for word in block]


def _text(words: list[int], version: int) -> str:
    """Read the segments: figures, capitals and bytes, each with its own width of count and sign."""
    bits = Bits("".join(f"{word:08b}" for word in words))
    wide, out = version >= 10, b""
    while mode := bits.take(4):
        if mode == 4:
            out += bytes(bits.take(8) for _ in range(bits.take(16 if wide else 8)))
        elif mode == 1:
            count = bits.take(12 if wide else 10)
            sizes = [3] * (count // 3) + ([count % 3] if count % 3 else [])
            out += "".join(f"{bits.take(3 * n + 1):0{n}}" for n in sizes).encode()
        else:
            assert mode == 2, mode
            count = bits.take(11 if wide else 9)
            pairs = [divmod(bits.take(11), 45) for _ in range(count // 2)]
            signs = [sign for pair in pairs for sign in pair] + [bits.take(6)] * (count % 2)
            out += "".join(CAPITALS[sign] for sign in signs).encode()
    return out.decode()


class Bits:
    """Bits read from the front; behind the end all are nought."""

    def __init__(self, bits: str) -> None:
        self.bits, self.at = bits, 0

    def take(self, number: int) -> int:
        """Return the next bits as a number."""
        found = self.bits[self.at : self.at + number].ljust(number, "0")
        self.at += number
        return int(found, 2)
