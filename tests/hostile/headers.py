"""Changes that know a file's form: what they make passes the first checks of a reader, and lies further in."""

from __future__ import annotations

import gzip
import io
import random
import re
import struct
import zipfile
import zlib

from tests.hostile.forms import JSON
from tests.hostile.mutations import ANY, EDGES, Mutation


def as_npy(raw: bytes, draws: random.Random) -> bytes:
    """NumPy's array with another header of the right length: shape, type, order, or what is no header at all."""
    if raw[:6] != b"\x93NUMPY" or len(raw) < 10:
        return raw
    length = int.from_bytes(raw[8:10], "little")
    text, rest = raw[10 : 10 + length].decode("latin-1"), raw[10 + length :]
    shapes = [
        "()",
        "(0,)",
        "(1,)",
        "(-1, 2)",
        "(2**62, 4)",
        f"({2**62}, 4)",
        f"({2**40}, 0)",
        "(1.5,)",
        "(True, 2)",
        "(0, 3, 3)",
    ]
    types = [
        "'|O'",
        "'|u1'",
        "'<f8'",
        "'<U1000000000'",
        "'|V0'",
        "'<M8[ns]'",
        "[('a', '|O')]",
        "'<c16'",
        "'|S0'",
        "'>i8'",
        "'?'",
    ]
    if draws.random() < 0.5:
        text = re.sub(r"'shape': \([^)]*\)", f"'shape': {draws.choice(shapes)}", text)
    else:
        text = re.sub(r"'descr': [^,\]]*\]?", f"'descr': {draws.choice(types)}", text)
    if draws.random() < 0.1:
        text = draws.choice(["{" * 5000, "__import__('os')", "{'descr': 1}", "[]", "", "{'shape': " + "(" * 900])
    header = text.rstrip().encode("latin-1") + b"\n"
    return raw[:8] + len(header[:65535]).to_bytes(2, "little") + header[:65535] + rest


def as_safetensors(raw: bytes, draws: random.Random) -> bytes:
    """Tensors under a header with other values, whose length is told truly."""
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or length > len(raw):
        return raw
    header = draws.choice([*JSON, with_another_type])(raw[8 : 8 + length], draws)
    return len(header).to_bytes(8, "little") + header + raw[8 + length :]


def with_another_type(raw: bytes, draws: random.Random) -> bytes:
    """A safetensors header in which numbers are of another kind, with or without another shape that fits."""
    kinds = [
        b"F64",
        b"F32",
        b"F16",
        b"BF16",
        b"I64",
        b"U8",
        b"BOOL",
        b"F8_E4M3",
        b"F8_E5M2",
        b"U64",
        b"C64",
        b"F4",
        b"F0",
        b"",
    ]
    return re.sub(rb'"dtype":"[A-Z0-9_]+"', b'"dtype":"' + draws.choice(kinds) + b'"', raw, count=draws.choice([0, 1]))


def inside_gzip(raw: bytes, draws: random.Random) -> bytes:
    """What is packed is another, and packed again."""
    try:
        return gzip.compress(draws.choice(ANY)(gzip.decompress(raw), draws), 1)
    except (OSError, EOFError, zlib.error):
        return raw


def inside_zip(*forms: Mutation) -> Mutation:
    """Return a change of one member of an archive, which is packed again with its true checksum."""

    def changed(raw: bytes, draws: random.Random) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                members = {info.filename: archive.read(info) for info in archive.infolist()}
        except Exception:  # bytes that lie: zipfile raises nearly anything
            return raw
        if not members:
            return raw
        name = draws.choice(sorted(members))
        members[name] = draws.choice([*forms, *ANY])(members[name], draws)
        if draws.random() < 0.2:
            members[draws.choice(["../bait.npy", "/etc/x.npy", "x\x00.npy", "/", "x.npy"])] = members.pop(name)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", draws.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return held.getvalue()

    return changed


def as_png(raw: bytes, draws: random.Random) -> bytes:
    """A PNG image with one chunk another, gone or twice, under its true checksum."""
    chunks, place = [], 8
    while place + 12 <= len(raw):
        length = int.from_bytes(raw[place : place + 4], "big")
        chunks.append((raw[place + 4 : place + 8], raw[place + 8 : place + 8 + length]))
        place += 12 + length
    if raw[:4] != b"\x89PNG" or not chunks:
        return raw
    at = draws.randrange(len(chunks))
    kind, body = chunks[at]
    if kind == b"IHDR" and len(body) == 13:
        sizes = [draws.choice([1, 8, 20_000, 50_000, *EDGES]) % 2**32 for _ in range(2)]
        body = draws.choice([struct.pack(">II", *sizes) + body[8:], body[:8] + draws.randbytes(2) + body[10:]])
    else:
        body = draws.choice(ANY)(body, draws)
    kind = draws.choice([kind] * 8 + [b"tRNS", b"PLTE", b"acTL", b"iTXt", b"zTXt", b"iCCP", b"eXIf"])
    chunks[at : at + 1] = draws.choice([[(kind, body)]] * 4 + [[], [(kind, body)] * 3])
    packed = (
        struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held)) for name, held in chunks
    )
    return raw[:8] + b"".join(packed)


OTHERS = [
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n%%EOF\n", b"P6 9999999 9999999 255 ",
    b"\x00\x00\x01\x00\x01\x00", b"SIMPLE  =                    T", b"\xd7\xcd\xc6\x9a",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x00\x00\x00 ftypavif", b"8BPS\x00\x01", b"DDS |\x00\x00\x00",
]  # fmt: skip
"""How files begin that Pillow knows and nobody asked for; the first of them another program would run."""


def as_another_image(raw: bytes, draws: random.Random) -> bytes:
    return draws.choice(OTHERS) + raw[draws.choice([0, 8]) :]


IMAGE: tuple[Mutation, ...] = (as_png, as_png, as_another_image)

PICKLED_WORDS = [
    b"cos\nsystem\n", b"cposix\nsystem\n(S'true'\ntR.", b"\x8c\x02os\x8c\x06mkdir\x93", b"(lp0\n", b"h\x00", b"a",
    b"s", b"u", b"e", b"t", b"\x85", b"\x86", b"\x87", b"R", b"b", b"\x81", b"0", b"1", b"2", b"}", b"]", b")", b"(",
    b"N", b".", b"\x94", b"q\x00", b"T\xff\xff\xff\x7f", b"\x8e" + b"\xff" * 8, b"\x8b\xff\xff\xff\x7f",
    b"I1" + b"0" * 5000 + b"\n", b"\x95" + b"\xff" * 8, b"Q", b"X\x03\x00\x00\x00\xed\xa0\x80", b"P0\n", b"(" * 500,
    b"]" * 500, b"J\xff\xff\xff\xff", b"G\x7f\xf0" + b"\x00" * 6, b"F1\n",
]  # fmt: skip


def as_pickle(raw: bytes, draws: random.Random) -> bytes:
    """A pickle with a word of its language in the place of some bytes, or between them."""
    place = draws.randrange(min(len(raw), draws.choice([200, 10**6])) + 1)
    return raw[:place] + draws.choice(PICKLED_WORDS) + raw[place + draws.choice([0, 0, 1, 2, 8]) :]
