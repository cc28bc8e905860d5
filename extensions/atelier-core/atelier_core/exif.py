"""EXIF as the bytes it is: two entries are read and taken out, everything else stays where and as it was."""

from __future__ import annotations

import struct
from typing import NamedTuple

from PIL import Image

PREFIX = b"Exif\0\0"  # before the block in JPEG, and in what Pillow hands out
ORIENTATION, COMMENT = 0x0112, 0x9286  # tags; the second holds the infotext in JPEG and WebP
_SUBDIRECTORY = 0x8769  # tag that leads from the first directory to the one of the photograph
_DESCRIPTIVE = (0x010F, 0x0110, 0x0132, 0x013B, 0x8298)  # make, model, date, artist, copyright
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}  # how a block begins -> byte order for struct
_EMPTY = b"MM\0*\0\0\0\x08" + bytes(6)  # one directory without entries
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # per value, by EXIF type


class _Entry(NamedTuple):
    order: str  # "<" or ">" for struct
    directory: int  # where the directory of the entry starts
    at: int  # where its 12 bytes start
    value: slice  # where the value lies


def of(image: Image.Image) -> bytes | None:
    """The block of an opened picture, from its byte-order mark on."""
    block = image.info.get("exif")
    if image.format == "TIFF" and not block:
        block = _of_tiff(image.getexif())
    return (block[len(PREFIX) :] if block.startswith(PREFIX) else block) if isinstance(block, bytes) else None


def _of_tiff(tags: Image.Exif) -> bytes | None:
    """A TIFF file is itself such a block, so what describes the picture has to be picked out."""
    block = Image.Exif()
    for tag in _DESCRIPTIVE:
        if tag in tags:
            block[tag] = tags[tag]
    if photograph := tags.get_ifd(_SUBDIRECTORY):
        block[_SUBDIRECTORY] = photograph
    return block.tobytes() if len(block) else None


def orientation(block: bytes | None) -> int:
    """1 to 8; 1 is upright."""
    entry = _find(block, ORIENTATION)
    if not block or not entry or entry.value.stop - entry.value.start != 2:
        return 1
    (turn,) = struct.unpack_from(entry.order + "H", block, entry.value.start)
    return turn if 1 <= turn <= 8 else 1


def comment(block: bytes | None) -> str:
    """The user comment, where webuis put the infotext."""
    entry = _find(block, COMMENT)
    if not block or not entry:
        return ""
    value = block[entry.value]
    code, body = value[:8], value[8:]
    if code == b"UNICODE\0":
        # webuis write big-endian whatever the block's order is; other programs follow the block or add a mark
        big = body[0::2].count(0) >= body[1::2].count(0)
        mark = body[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = body.decode("utf-16" if mark else "utf-16-be" if big else "utf-16-le", "ignore")
    else:
        text = (body if code in (b"ASCII\0\0\0", bytes(8)) else value).decode("utf-8", "ignore")
    return text.strip("\0 ")


def without(block: bytes | None, tag: int) -> bytes | None:
    """The block less one entry; nothing when that was all it had."""
    entry = _find(block, tag)
    if not block or not entry:
        return block
    (count,) = struct.unpack_from(entry.order + "H", block, entry.directory)
    (first,) = struct.unpack_from(entry.order + "I", block, 4)
    if count == 1 and struct.unpack_from(entry.order + "H", block, first)[0] == 1:
        return None
    left, end = bytearray(block), entry.directory + 2 + 12 * count + 4  # a pointer to the next directory goes last
    left[entry.value] = bytes(entry.value.stop - entry.value.start)
    left[entry.at : end] = left[entry.at + 12 : end] + bytes(12)
    struct.pack_into(entry.order + "H", left, entry.directory, count - 1)
    return bytes(left[: entry.value.start] if entry.value.stop == len(left) > end else left)


def with_comment(block: bytes | None, text: str) -> bytes:
    """The block with a new user comment at its end. Hosts know it only as of the type "undefined"."""
    try:
        return _commented(without(block, COMMENT) or _EMPTY, text)
    except (struct.error, KeyError):  # a damaged block cannot go on
        return _commented(_EMPTY, text)


def _commented(block: bytes, text: str) -> bytes:
    order, value = _ORDERS[block[:4]], b"UNICODE\0" + text.encode("utf-16-be", "replace")
    (first,), pointer = struct.unpack_from(order + "I", block, 4), _find(block, _SUBDIRECTORY)
    photograph = struct.unpack(order + "I", block[pointer.value])[0] if pointer else 0
    grown = bytearray(block + bytes(len(block) % 2))
    entry = struct.pack(order + "HHII", COMMENT, 7, len(value), len(grown))
    grown += value
    leads = struct.pack(order + "I", len(grown))
    grown += _directory(block, order, photograph, entry)
    if pointer:
        grown[pointer.value] = leads
    else:
        grown[4:8] = struct.pack(order + "I", len(grown))
        grown += _directory(block, order, first, struct.pack(order + "HHI", _SUBDIRECTORY, 4, 1) + leads)
    return bytes(grown)


def _directory(block: bytes, order: str, at: int, entry: bytes) -> bytes:
    """The directory at that place, none at 0, with one entry more."""
    count = struct.unpack_from(order + "H", block, at)[0] if at else 0
    body = block[at + 2 : at + 6 + 12 * count] if at else bytes(4)  # a pointer to the next directory goes last
    if len(body) != 12 * count + 4:
        raise struct.error("cut off")
    entries = sorted(
        [entry, *(body[i : i + 12] for i in range(0, 12 * count, 12))], key=lambda e: struct.unpack_from(order + "H", e)
    )
    return struct.pack(order + "H", count + 1) + b"".join(entries) + body[-4:]


def _find(block: bytes | None, tag: int) -> _Entry | None:
    """In the first directory or in the one of the photograph; nothing in a damaged block."""
    order = _ORDERS.get((block or b"")[:4])
    if not block or not order:
        return None
    try:
        directories = list(struct.unpack_from(order + "I", block, 4))
        for directory in directories:  # grows by one below
            (count,) = struct.unpack_from(order + "H", block, directory)
            for at in range(directory + 2, directory + 2 + 12 * count, 12):
                found, kind, values, pointer = struct.unpack_from(order + "HHII", block, at)
                if found == tag:
                    size = _BYTES.get(kind, 1) * values
                    start = at + 8 if size <= 4 else pointer
                    whole = start + size <= len(block) and directory + 6 + 12 * count <= len(block)
                    return _Entry(order, directory, at, slice(start, start + size)) if whole else None
                if found == _SUBDIRECTORY and len(directories) == 1:
                    directories.append(pointer)
    except struct.error:
        return None
    return None
