"""Cartridges and staged segments as bytes: what each tape file is, and whether it is whole."""

import hashlib
import json
import subprocess
from pathlib import Path

import simh
import tgt
from tar_stream import parse_descriptor, plain_members


def digest_of(data):
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Payload:
    """Bytes and their digest."""

    def __init__(self, data):
        self.data, self.digest = data, digest_of(data)


class Checksums:
    """
    XXH64 by a stranger: a zstd frame with a check ends with its lower 32 bits, in little-endian. What was asked once is remembered by another digest.
    """

    def __init__(self):
        self.known = {}

    def agrees(self, payload, stated):
        if payload.digest not in self.known:
            frame = subprocess.run(
                ['zstd', '-q', '-c', '-1', '--check', '--single-thread'], input=payload.data, capture_output=True, check=True
            ).stdout
            self.known[payload.digest] = int.from_bytes(frame[-4:], 'little')
        return self.known[payload.digest] == int(stated, 16) & 0xFFFFFFFF


class MediumFile:
    """One tape file on a cartridge."""

    def __init__(self, tape_file, image, checksums):
        blocks = tape_file.read(image)
        self.number, self.block, self.blocks = tape_file.number, tape_file.block, len(blocks)
        self.descriptor = parse_descriptor(bytes(blocks[0])) if blocks else None
        self.payload = Payload(b''.join(bytes(block) for block in blocks[1:]))
        self.mark = digest_of((bytes(blocks[0]) if blocks else b'') + self.payload.digest.encode())
        self.fault = self._fault(tape_file, checksums)

    def _fault(self, tape_file, checksums):
        if self.descriptor is None:
            return 'it does not begin with a descriptor'
        if len(self.payload.data) != self.descriptor['payloadBytes']:
            return f"its payload has {len(self.payload.data)} bytes, its descriptor says {self.descriptor['payloadBytes']}"
        if not tape_file.is_ended:
            return 'no filemark ends it'
        if not checksums.agrees(self.payload, self.descriptor['payloadXxh64']):
            return 'its payload has another XXH64 than its descriptor says'
        return None

    @property
    def kind(self):
        return self.descriptor['kind'] if self.descriptor else None


class Cartridges:
    """The images of a library; what has not changed since the last time is not read again."""

    formats = {'virtual': simh.tape_files, 'tgt': tgt.tape_files}

    def __init__(self, device, checksums):
        self.folder, self.suffix = Path(device['cartridges']), device['suffix']
        self.parse = self.formats[device['kind']]
        self.checksums = checksums
        self.known = {}
        self.read_bytes = 0

    def files(self, barcode):
        path = self.folder / f'{barcode}{self.suffix}'
        if not path.exists():
            return None
        stat = path.stat()
        signature = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        kept = self.known.get(barcode)
        if kept is None or kept[0] != signature:
            image = memoryview(path.read_bytes())
            self.read_bytes += len(image)
            kept = (signature, [MediumFile(one, image, self.checksums) for one in self.parse(image)])
            self.known[barcode] = kept
        return kept[1]


    def is_torn(self, barcode):
        """A SIMH image without a tape file that is ours, and yet not blank: what a label leaves of which some pages were lost with the power."""
        path = self.folder / f'{barcode}{self.suffix}'
        return self.parse is simh.tape_files and path.exists() and any(path.read_bytes())


class Index:
    """An index tape file: the record of its data set, the lines of files by segment, and the paths that were found gone."""

    def __init__(self, payload):
        plain = subprocess.run(['zstd', '-q', '-d', '-c'], input=payload.data, capture_output=True, check=True).stdout
        self.record, self.lines, self.deletions = None, {}, set()
        for name, data in plain_members(plain).items():
            last = name.rsplit('/', 1)[-1]
            if last == 'data-set.json':
                self.record = json.loads(data)
            elif last.startswith('files-'):
                self.lines[int(last[6:].split('.')[0])] = json_lines(data)
            elif last == 'deletions.jsonl':
                self.deletions = {path_of(line) for line in json_lines(data)}


def json_lines(data):
    return [json.loads(line) for line in data.splitlines() if line]


def path_of(line):
    """The bytes of an escaped path: plain UTF-8 in all trees of the campaign, but for the backslash."""
    return line['path'].replace('\\\\', '\\').encode()
