"""The tar stream of a data set, read by the description in docs/format.md; and the descriptors, which are tar members too."""

import hashlib
import json

BLOCK = 512


class Damage(Exception):
    pass


def number(field):
    if field[:1] in (b'\x80', b'\xff'):
        return int.from_bytes(field[1:], 'big')
    text = field.split(b'\0')[0].strip()
    return int(text, 8) if text else 0


def text(field):
    return field.split(b'\0')[0]


def parse_header(block):
    if len(block) < BLOCK:
        raise Damage('a header is cut off')
    total = sum(block[:148]) + 8 * 32 + sum(block[156:BLOCK])
    try:
        stated = number(block[148:156])
        size = number(block[124:136])
    except ValueError:
        raise Damage('a header that is none') from None
    if stated != total:
        raise Damage('the checksum of a header is wrong')
    prefix, name = text(block[345:500]), text(block[:100])
    return {
        'name': prefix + b'/' + name if prefix else name,
        'size': size,
        'type': block[156:157].decode('latin1'),
        'link': text(block[157:257]),
    }


def pax_records(data):
    records = {}
    while data.strip(b'\0'):
        length, space, _ = data.partition(b' ')
        if not space or not length.isdigit() or int(length) > len(data):
            raise Damage('a pax record that is none')
        key, _, value = data[len(length) + 1 : int(length) - 1].partition(b'=')
        records[key.decode()] = value
        data = data[int(length) :]
    return records


def parse_descriptor(block):
    """The JSON of a descriptor block, or None where the block is no descriptor."""
    try:
        header = parse_header(block)
        if not header['name'].startswith(b'.grandsire/') or header['type'] != '0':
            return None
        content = bytes(block[BLOCK : BLOCK + header['size']])
        found = json.loads(content)
        return found if found.get('format') == 'grandsire' and len(block) % BLOCK == 0 else None
    except (Damage, ValueError, AttributeError):
        return None


class Payloads:
    """The payloads of consecutive segments as one stream, and which segment a place of the stream lies in."""

    def __init__(self, segments):
        self.parts = []
        at = 0
        for segment, data in segments:
            self.parts.append((at, segment, data))
            at += len(data)
        self.length = at

    def place(self, at):
        for start, segment, data in self.parts:
            if start <= at < start + len(data):
                return segment, at - start
        raise Damage('a place behind the end')

    def read(self, at, length):
        """As much of it as there is."""
        pieces = []
        for start, _, data in self.parts:
            low, high = max(at, start), min(at + length, start + len(data))
            if low < high:
                pieces.append(bytes(data[low - start : high - start]))
        return b''.join(pieces)


class Member:
    def __init__(self, name, kind, link, size, digest):
        self.name, self.kind, self.link, self.size, self.digest = name, kind, link, size, digest


def members(stream, begin):
    """
    Place -> member for all that is whole in the stream, from an offset on; and whether two zero blocks end it. The place is that of the pax header where
    there is one.
    """
    found = {}
    at = begin
    while at < stream.length:
        block = stream.read(at, BLOCK)
        if not block.strip(b'\0'):
            rest = stream.length - at
            if rest != 2 * BLOCK or stream.read(at, rest).strip(b'\0'):
                raise Damage(f'{rest} bytes from the first zero block on, where two such blocks should end the stream')
            return found, True
        place, records = stream.place(at), {}
        header = parse_header(block)
        if header['type'] == 'x':
            length = header['size']
            data = stream.read(at + BLOCK, length)
            if len(data) < length:
                raise Damage('a pax header is cut off')
            records = pax_records(data)
            at += BLOCK + padded(length)
            header = parse_header(stream.read(at, BLOCK))
        size = int(records.get('size', header['size']))
        data = stream.read(at + BLOCK, size)
        name = records.get('path', header['name'])
        link = records.get('linkpath', header['link'])
        after = at + BLOCK + padded(size)
        if len(data) == size:
            if stream.read(at + BLOCK + size, padded(size) - size).strip(b'\0'):
                raise Damage(f'the padding of {name!r} is not zero')
            found[place] = Member(b'/' + name, header['type'], link, size, hashlib.sha256(data).digest())
        at = after
    return found, False


def padded(size):
    return (size + BLOCK - 1) // BLOCK * BLOCK


def plain_members(data):
    """Name -> bytes of a closed tar in memory."""
    result, at = {}, 0
    while data[at : at + BLOCK].strip(b'\0'):
        header = parse_header(data[at : at + BLOCK])
        result[header['name'].decode()] = data[at + BLOCK : at + BLOCK + header['size']]
        at += BLOCK + padded(header['size'])
    return result
