"""Tape files of a SIMH image (the last section of docs/format.md)."""

import struct

from tape_file import TapeFiles

FILEMARK, ERASE_GAP, END_OF_MEDIUM = 0, 0xFFFFFFFE, 0xFFFFFFFF


def tape_files(image):
    """All tape files, up to the end or to what cannot be understood; the last perhaps without its filemark."""
    found = TapeFiles()
    at = 0
    while at + 4 <= len(image):
        (word,) = struct.unpack_from('<I', image, at)
        if word == END_OF_MEDIUM:
            break
        if word in (FILEMARK, ERASE_GAP):
            if word == FILEMARK:
                found.filemark()
            at += 4
            continue
        length = word & 0xFFFFFF
        after = at + 4 + length + (length & 1)
        if word >> 24 or after + 4 > len(image) or struct.unpack_from('<I', image, after)[0] != word:
            break
        found.block(at + 4, length)
        at = after + 4
    return found.finish()
