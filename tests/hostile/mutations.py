"""Bytes that are nearly right: a valid file, changed a little, gets further into a reader than noise does."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, random.Random], bytes]
"""From some bytes to others, as the draws say; it never raises, whatever the bytes are."""

EDGES = [
    0,
    1,
    2**7 - 1,
    2**7,
    2**8 - 1,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**62,
    2**63 - 1,
    2**64 - 1,
]
NUMBERS = [
    b"0", b"-1", b"1e999", b"-1e999", b"NaN", b"Infinity", b"1e-400", b"0.1", b"99999999", b"1000000000000",
    b"9223372036854775808", b"340282366920938463463374607431768211456", b"1" * 5000, b"true", b"null", b'""',
]  # fmt: skip
WORDS = [
    b"../bait.png", b"/etc/passwd", b"..", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"[" * 3000,
    b"{" * 3000, b"(" * 3000, b'{"a":' * 2000, b"\r\n", b'"', b"'", b",", b"=", b"nan", b"inf", b"-", b" ", b"#",
    b"&a ", b"*a", b"!!python/object/apply:os.getcwd []", b"__import__('os')", b"a" * 70_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}".encode(),
]  # fmt: skip
MOST = 200_000
"""Bytes that a case may have: what is larger takes longer and finds no more."""


def flipped(raw: bytes, draws: random.Random) -> bytes:
    """One bit is another."""
    place = draws.randrange(len(raw) or 1)
    return raw[:place] + bytes([raw[place] ^ (1 << draws.randrange(8))]) + raw[place + 1 :] if raw else b"\x00"


def overwritten(raw: bytes, draws: random.Random) -> bytes:
    """Some bytes are a number at the edge of what its width holds: what a header announces."""
    width = draws.choice([1, 2, 4, 8])
    number = draws.choice(EDGES) % 2 ** (8 * width)
    place = draws.randrange(min(len(raw), draws.choice([64, 512, MOST])) + 1)
    return raw[:place] + number.to_bytes(width, draws.choice(["little", "big"])) + raw[place + width :]


def truncated(raw: bytes, draws: random.Random) -> bytes:
    """It ends early, or never began."""
    return raw[: draws.choice([0, draws.randrange(len(raw) + 1), max(0, len(raw) - 1)])]


def without_a_piece(raw: bytes, draws: random.Random) -> bytes:
    start, stop = piece(raw, draws)
    return raw[:start] + raw[stop:]


def repeated(raw: bytes, draws: random.Random) -> bytes:
    start, stop = piece(raw, draws)
    return raw[:start] + raw[start:stop] * draws.choice([2, 3, 100]) + raw[stop:]


def swapped(raw: bytes, draws: random.Random) -> bytes:
    """Two pieces that follow one another have changed places."""
    start, stop = piece(raw, draws)
    end = min(len(raw), stop + max(1, stop - start))
    return raw[:start] + raw[stop:end] + raw[start:stop] + raw[end:]


def with_noise(raw: bytes, draws: random.Random) -> bytes:
    place = draws.randrange(len(raw) + 1)
    return raw[:place] + draws.randbytes(draws.randrange(1, 16)) + raw[place:]


def with_a_word(raw: bytes, draws: random.Random) -> bytes:
    """Something that means much to some reader stands where it does not belong."""
    start, stop = piece(raw, draws)
    return raw[:start] + draws.choice(WORDS) + raw[draws.choice([start, stop]) :]


def renumbered(raw: bytes, draws: random.Random) -> bytes:
    """A number that is written out in digits is another."""
    found = list(re.finditer(rb"-?\d+(?:\.\d+)?", raw))
    if not found:
        return with_a_word(raw, draws)
    one = draws.choice(found)
    return raw[: one.start()] + draws.choice(NUMBERS) + raw[one.end() :]


def piece(raw: bytes, draws: random.Random) -> tuple[int, int]:
    """Where a piece of a few bytes, or of any length, begins and ends."""
    start = draws.randrange(len(raw) + 1)
    return start, min(len(raw), start + draws.randrange(draws.choice([8, 64, len(raw) + 1]) or 1))


ANY: tuple[Mutation, ...] = (
    flipped, overwritten, truncated, without_a_piece, repeated, swapped, with_noise, with_a_word, renumbered,
)  # fmt: skip


def spliced(raw: bytes, other: bytes, draws: random.Random) -> bytes:
    """The beginning of one and the end of another."""
    return raw[: draws.randrange(len(raw) + 1)] + other[draws.randrange(len(other) + 1) :]


def mutated(raw: bytes, seeds: Sequence[bytes], forms: Sequence[Mutation], draws: random.Random) -> bytes:
    """Return bytes after one to four changes.

    Args:
        raw: what is changed.
        seeds: valid bytes, with which it may be spliced.
        forms: changes that know what the bytes are; half of all are of these, where there are any.
        draws: what decides.
    """
    for _ in range(draws.choice([1, 1, 2, 4])):
        if forms and draws.random() < 0.5:
            raw = draws.choice(forms)(raw, draws)
        elif draws.random() < 0.1:
            raw = spliced(raw, draws.choice(seeds), draws)
        else:
            raw = draws.choice(ANY)(raw, draws)
        raw = raw[:MOST]
    return raw
