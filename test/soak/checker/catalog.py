"""The program's catalog, read by Python's own sqlite3; and what follows from its rows by the rules of docs/format.md and docs/archive.md."""

import json
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

FOREVER = float('inf')
FUZZY, HARD_LINK = 1, 2
FILE, DIRECTORY, SYMLINK = 0, 1, 2


def free_at(day):
    """The moment, in milliseconds, at which what is protected until this day is free: all campaigns run in UTC."""
    return datetime.strptime(day, '%Y-%m-%d').replace(tzinfo=timezone.utc).timestamp() * 1000


class Row(dict):
    __getattr__ = dict.__getitem__


class Catalog:
    def __init__(self, state):
        path = Path(state) / 'catalog.sqlite'
        self.db = sqlite3.connect(f'file:{path}?mode=ro', uri=True, timeout=10)
        self.db.row_factory = lambda cursor, values: Row(zip([column[0] for column in cursor.description], values))
        self.db.execute('begin')
        self.cartridges = {row.id: row for row in self.rows('select * from cartridges')}
        for row in self.cartridges.values():
            row['location'] = json.loads(row.location)
        self.volumes = {row.key: row for row in self.rows('select * from volumes')}
        self.data_sets = {row.key: row for row in self.rows('select * from data_sets')}
        self.segments = {(row.data_set, row.number): row for row in self.rows('select * from segments')}
        self.tape_files = self.rows('select * from tape_files order by volume, file_number')

    def close(self):
        self.db.rollback()
        self.db.close()

    def rows(self, statement, *values):
        return self.db.execute(statement, values).fetchall()

    def integrity(self):
        return [row['integrity_check'] for row in self.rows('pragma integrity_check') if row['integrity_check'] != 'ok']

    def versions(self, data_set):
        """(path, segment, offset) -> row."""
        found = self.rows(
            'select d.key, v.* from versions v join directories d on d.id = v.directory where v.data_set = ?', data_set
        )
        return [Row(row, path=joined(row.key, row.name)) for row in found]

    def deletions(self, data_set):
        found = self.rows(
            'select d.key, x.name from deletions x join directories d on d.id = x.directory where x.data_set = ?', data_set
        )
        return {joined(row.key, row.name) for row in found}

    def current_volume(self, cartridge):
        """The one that is not superseded, or None."""
        found = [row for row in self.volumes.values() if row.cartridge == cartridge and row.state != 'superseded']
        return found[0] if found else None

    def written_on(self, volume):
        return [row for row in self.tape_files if row.volume == volume and row.state == 'written']

    def copies(self, data_set, number):
        """Tape files on live volumes that hold a segment."""
        return [
            row
            for row in self.tape_files
            if row.kind == 'segment'
            and row.state == 'written'
            and (row.data_set, row.number) == (data_set, number)
            and self.volumes[row.volume].state == 'live'
        ]

    def chain(self, key):
        """A data set and all that it builds on, the newest first."""
        result = []
        while key is not None and key in self.data_sets and key not in result:
            result.append(key)
            key = self.data_sets[key].base
        return result


def joined(directory, name):
    path = bytes(directory).replace(b'\0', b'/')
    if not name:
        return path
    name = name if isinstance(name, bytes) else name.encode()
    return path + name if path == b'/' else path + b'/' + name
