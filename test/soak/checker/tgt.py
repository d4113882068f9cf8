"""
Tape files of a cartridge of tgt, by what such a file shows: a chain of headers of 48 bytes, all numbers big-endian (checksum, bytes on disk, bytes of the
block, kind, number of the block, place of the header before, of this one, of the next), each with the bytes of its block behind it.
"""

import struct

from tape_file import TapeFiles

HEADER = struct.Struct('>IIIIQQQQ')
BEGINNING, BLOCK, END_OF_DATA, FILEMARK = 16, 2, 32, 64


def tape_files(image):
    """All tape files, up to the end of data or to where the chain breaks; the last perhaps without its filemark."""
    found = TapeFiles()
    at = before = 0
    while at + HEADER.size <= len(image):
        _, stored, _, kind, _, previous, here, after = HEADER.unpack_from(image, at)
        if here != at or previous != before or kind not in (BEGINNING, BLOCK, FILEMARK):
            break
        if kind == BLOCK:
            found.block(at + HEADER.size, stored)
        elif kind == FILEMARK:
            found.filemark()
        if after <= at:
            break
        at, before = after, at
    return found.finish()
