"""What the campaign wrote down: what the sources held at each backup, and what the program promised."""

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

from catalog import free_at


SECOND, LONGEST_RUN = 1000, 300_000


class Backup:
    def __init__(self, entry, config, trees):
        self.set, self.at = entry['set'], entry['at']
        pool = config['sets'][self.set]['pool']
        day = datetime.fromtimestamp(self.at / 1000, timezone.utc).date()
        self.free_on = (day + timedelta(days=config['pools'][pool])).isoformat()
        self.free = free_at(self.free_on)
        self.tree_name = entry['tree']
        self._tree = trees / f'{self.tree_name}.json'
        self.staged = 0
        self.is_complete = False

    def tree(self):
        """Path -> (SHA-256, size) of regular files, (None, target) of symbolic links."""
        found = json.loads(self._tree.read_text())
        return {
            path.encode(): (bytes.fromhex(one['sha256']), one['size']) if 'sha256' in one else (None, one['link'])
            for path, one in found.items()
        }


class Ledger:
    """Read anew as far as it grew."""

    def __init__(self, folder, config):
        self.path, self.trees, self.config = Path(folder) / 'ledger.jsonl', Path(folder) / 'trees', config
        self.backups, self.at, self.known = [], 0, {}

    def refresh(self):
        if not self.path.exists():
            return
        with self.path.open('rb') as file:
            file.seek(self.at)
            for line in file:
                self._take(json.loads(line))
            self.at = file.tell()

    def _take(self, entry):
        if entry['kind'] == 'backup':
            self.backups.append(Backup(entry, self.config, self.trees))
            return
        backup = next(one for one in reversed(self.backups) if (one.set, one.at) == (entry['set'], entry['at']))
        backup.staged = max(backup.staged, entry['segments'])
        backup.is_complete |= entry['complete']

    def due(self, now):
        """What was promised and is so yet: runs that were complete, until they are free; what others had staged, until a later run of their set is complete."""
        last = {backup.set: backup.at for backup in self.backups if backup.is_complete}
        for backup in self.backups:
            is_kept = backup.is_complete or (backup.staged > 0 and backup.at > last.get(backup.set, 0))
            if is_kept and backup.free > now:
                yield backup

    def backup_of(self, data_set):
        """The backup that made a data set: its name tells set and second of the beginning, which the program's clock reaches a little later than it was set."""
        if data_set not in self.known:
            self.known[data_set] = self._find(data_set)
        return self.known[data_set]

    def _find(self, data_set):
        name, stamp = re.fullmatch(r'(.*)-(\d{8}T\d{6})Z(?:-\d+)?', data_set).groups()
        at = datetime.strptime(stamp, '%Y%m%dT%H%M%S').replace(tzinfo=timezone.utc).timestamp() * SECOND
        for backup in reversed(self.backups):
            if backup.set == name and backup.at - SECOND < at < backup.at + LONGEST_RUN:
                return backup
        return None
