"""
The independent checker of the crash campaign: looks at cartridges, staging area and catalog with nothing of the program's, and says what of all that was
promised is not there.

    checker.py FOLDER

reads one JSON request a line from standard input, `{"now": milliseconds, "settled": bool, "suspended": bool}`, and answers each with one line. `now` is
what the program's clock said; `settled`: the last command used the library and ended well, so that everything must be in its place; `suspended`: the
catalog was lost and is being rebuilt, so that what is on the media must be there, and the catalog may not know all of it yet.
"""

import json
import sqlite3
import sys
import traceback
from collections import Counter
from pathlib import Path

from catalog import FOREVER, Catalog, free_at
from contents import Contents
from ledger import Ledger
from media import Cartridges, Checksums
from places import check_places, places
from volumes import Volumes

# What is protected for ever, as a number that JSON has.
FAR_AWAY = 2 ** 52


class Checker:
    def __init__(self, folder):
        self.config = json.loads((Path(folder) / 'soak.json').read_text())
        self.ledger = Ledger(folder, self.config)
        self.checksums = Checksums()
        self.cartridges = Cartridges(self.config['device'], self.checksums)
        self.volumes = Volumes(self)
        self.contents = Contents(self)
        self.findings, self.checked = [], Counter()

    def find(self, code, subject, message):
        self.findings.append({'code': code, 'subject': subject, 'message': message})

    def check(self, request):
        self.findings, self.checked = [], Counter()
        self.ledger.refresh()
        read_before = self.cartridges.read_bytes
        self.now, self.suspended = request['now'], request.get('suspended', False)
        view = {'cartridges': [], 'dataSets': [], 'staged': 0}
        try:
            self.volumes.check_witnesses()
            self.catalog = Catalog(self.config['state'])
            try:
                view = self._check_catalog(request.get('settled', False))
            finally:
                self.catalog.close()
        except sqlite3.Error as problem:
            # A rebuild that was killed early leaves a catalog without tables, or none.
            if not self.suspended:
                self.find('catalog.unreadable', 'catalog', str(problem))
        except Exception:
            self.find('checker.failed', 'checker', traceback.format_exc())
        self.checked['imageBytesRead'] = self.cartridges.read_bytes - read_before
        return {'findings': self.findings, 'checked': dict(self.checked), 'view': view}

    def _check_catalog(self, settled):
        for problem in self.catalog.integrity():
            self.find('catalog.damaged', 'catalog', problem)
        self.wanted = self._protections()
        self.volumes.check()
        self.contents.check()
        seen = places(self)
        check_places(self, seen, settled)
        staged = sum(row.in_staging for row in self.catalog.segments.values())
        return {'cartridges': self._cartridges(seen), 'dataSets': self.contents.restorable(), 'staged': staged}

    def _protections(self):
        """Data set -> the moment at which it is free: its own by the ledger, or that of the last one that builds on it."""
        own = {}
        for key, row in self.catalog.data_sets.items():
            backup = self.ledger.backup_of(row.id)
            stated = {'none': 0, 'forever': FOREVER}.get(row.protection_kind)
            stated = free_at(row.protection_free_on) if stated is None else stated
            own[key] = max(stated, backup.free) if backup else stated
            if backup is None and not row.name_only:
                self.find('catalog.unknown-data-set', row.id, 'no backup of the campaign made it')
            elif backup and stated < backup.free and backup.free > self.now:
                self.find('catalog.protection', row.id, f'protected until {row.protection_free_on}, and {backup.free_on} was promised')
        wanted = dict(own)
        for key, row in self.catalog.data_sets.items():
            if row.state == 'interrupted':
                continue
            for base in self.catalog.chain(key)[1:]:
                wanted[base] = max(wanted[base], own[key])
        return wanted

    def _cartridges(self, seen):
        result = []
        for row in self.catalog.cartridges.values():
            files = self.cartridges.files(row.barcode)
            until = self.volumes.protected_until(row.barcode)
            result.append({
                'barcode': row.barcode,
                'blank': not files,
                'torn': not files and self.cartridges.is_torn(row.barcode),
                'freeAt': min(until, FAR_AWAY),
                'place': seen.get(row.barcode, 'outside'),
            })
        return result


def main(folder):
    checker = Checker(folder)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(checker.check(json.loads(line))) + '\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main(sys.argv[1])
