"""Data set by data set: each file that can be had, by the catalog, is at the place that it names, with the bytes that the source had."""

from pathlib import Path

from catalog import DIRECTORY, FILE, FUZZY, HARD_LINK, SYMLINK
from media import Index, Payload, path_of
from tar_stream import Damage, Payloads, members


def unlisted():
    """What indexes say of a data set, before any was read."""
    return {'lines': {}, 'deletions': set(), 'states': set()}


class Contents:
    def __init__(self, checker):
        self.checker = checker
        self.streams, self.indexes, self.staged = {}, {}, {}

    def check(self):
        catalog = self.checker.catalog
        self.payloads = self._payloads()
        self.found = {}
        for key, row in catalog.data_sets.items():
            self.found[key] = self._read_streams(key, row)
        self.listed = self._read_indexes()
        self.versions = {key: self._check_versions(key) for key in catalog.data_sets}
        self.whole = []
        for key, row in catalog.data_sets.items():
            self._check_index(key, row)
            if row.state == 'complete' and self._check_tree(key, row):
                self.whole.append(key)
        if not self.checker.suspended:
            self._check_promises()

    def restorable(self):
        """Complete data sets that can be had in full."""
        rows = [self.checker.catalog.data_sets[key] for key in self.whole]
        made = [(row, self.checker.ledger.backup_of(row.id)) for row in rows]
        return [{'dataSet': row.id, 'set': row.backup_set, 'tree': backup.tree_name} for row, backup in made if backup]

    def _payloads(self):
        """(data set, number) -> bytes of each segment that is staged or on a live volume; all its copies are compared."""
        result = {}
        for (key, number), row in self.checker.catalog.segments.items():
            if row.state == 'filling':
                continue
            data_set = self.checker.catalog.data_sets[key].id
            copies = [self._staged(data_set, row)] if row.in_staging else []
            for tape_file in self.checker.catalog.copies(key, number):
                copies.append(self._on_medium(tape_file))
            copies = [copy for copy in copies if copy is not None]
            for copy in copies:
                if len(copy.data) != row.payload_bytes or not self.checker.checksums.agrees(copy, row.xxh64):
                    self.checker.find('segment.differs', f'{data_set}/{number}', 'a copy is not what the catalog says')
            if copies:
                result[key, number] = copies[0]
        return result

    def _on_medium(self, tape_file):
        cartridge = self.checker.catalog.cartridges[self.checker.catalog.volumes[tape_file.volume].cartridge]
        files = self.checker.cartridges.files(cartridge.barcode) or []
        return files[tape_file.file_number].payload if tape_file.file_number < len(files) else None

    def _staged(self, data_set, row):
        path = Path(self.checker.config['staging']) / data_set / f'{row.number:06}.segment'
        if not path.exists():
            self.checker.find('staging.segment-missing', f'{data_set}/{row.number}', f'it is staged, says the catalog, and {path} is not there')
            return None
        stat = path.stat()
        kept = self.staged.get(path)
        if kept is None or kept[0] != (stat.st_ino, stat.st_size, stat.st_mtime_ns):
            kept = ((stat.st_ino, stat.st_size, stat.st_mtime_ns), Payload(path.read_bytes()))
            self.staged[path] = kept
        for other in (path.with_suffix('.index'), path.with_suffix('.json'), path.parent / 'data-set.json'):
            if not other.exists():
                self.checker.find('staging.file-missing', f'{data_set}/{row.number}', f'{other.name} is not beside the segment')
        self.checker.checked['stagedSegments'] += 1
        return kept[1]

    def _read_streams(self, key, row):
        """Place -> member, over all runs of segments that follow each other."""
        numbers = sorted(number for one, number in self.payloads if one == key)
        result = {}
        while numbers:
            run = [numbers.pop(0)]
            while numbers and numbers[0] == run[-1] + 1:
                run.append(numbers.pop(0))
            result.update(self._read_stream(key, row, run))
        return result

    def _read_stream(self, key, row, run):
        segments = self.checker.catalog.segments
        while run and segments[key, run[0]].starts_inside_path is not None and segments[key, run[0]].first_header is None:
            run = run[1:]
        if not run:
            return {}
        name = (row.id, tuple((number, self.payloads[key, number].digest) for number in run))
        if name not in self.streams:
            first = segments[key, run[0]]
            begin = 0 if first.starts_inside_path is None else first.first_header
            stream = Payloads([(number, self.payloads[key, number].data) for number in run])
            try:
                found, is_ended = members(stream, begin)
                last = max(number for one, number in segments if one == key)
                if row.state == 'complete' and run[-1] == last and not is_ended:
                    raise Damage('two zero blocks should end it')
                self.streams[name] = found
            except Damage as damage:
                self.checker.find('segment.damaged', f'{row.id}, segments {run[0]} to {run[-1]}', str(damage))
                return {}
        return self.streams[name]

    def _check_versions(self, key):
        """Path -> digest (or link) of what can be had of a data set; what is not as the source had it is a finding."""
        row = self.checker.catalog.data_sets[key]
        backup = self.checker.ledger.backup_of(row.id)
        tree = backup.tree() if backup else {}
        result = {}
        for version in self.checker.catalog.versions(key):
            kind, flags = version.kind & 7, version.kind >> 3
            place = (version.segment, version.offset)
            if (key, version.segment) not in self.payloads or kind == DIRECTORY:
                continue
            member = self.found[key].get(place)
            if member is None:
                self._check_cut(key, row, version)
                continue
            problem = self._compare(version, member, flags, tree.get(version.path))
            if problem:
                self.checker.find('file.differs', f'{row.id}: {version.path.decode()}', f'{problem} (segment {place[0]}, offset {place[1]})')
            else:
                result[version.path] = version.digest if kind == FILE else member.link.decode()
                self.checker.checked['files'] += 1
                self.checker.checked['fileBytes'] += version.size
        return result

    def _check_cut(self, key, row, version):
        """A file that goes on in a segment that is not there is lost only where all of its data set was promised."""
        number = version.segment
        if version.kind >> 3 & HARD_LINK and not self._is_due(key, row):
            # Its place is that of the content, which goes by another name.
            return
        while (key, number) in self.payloads and self.checker.catalog.segments[key, number].ends_inside_path == version.path:
            number += 1
        if (key, number) in self.payloads or self._is_due(key, row):
            place = f'segment {version.segment}, offset {version.offset}'
            self.checker.find('file.missing', f'{row.id}: {version.path.decode()}', f'no whole member begins at {place}')

    def _is_due(self, key, row):
        return row.state == 'complete' and self.checker.wanted[key] > self.checker.now and not self.checker.suspended

    def _compare(self, version, member, flags, source):
        if flags & FUZZY:
            return 'called fuzzy, and nothing changes while the campaign backs up'
        if source is None:
            return 'the source had no such file'
        if version.kind & 7 == SYMLINK:
            return None if source == (None, member.link.decode()) else f'the link says {member.link}, the source {source[1]}'
        if not flags & HARD_LINK and member.name != version.path:
            return f'the member there is {member.name!r}'
        if (version.digest, version.size) != source:
            return 'digest or size in the catalog are not those of the source'
        if (member.digest, member.size) != source:
            return 'the bytes are not those of the source'
        return None

    def _check_tree(self, key, row):
        """A complete data set shows the tree of its run: what it holds, and below that what its bases hold. True: all of it can be had."""
        backup = self.checker.ledger.backup_of(row.id)
        if backup is None:
            return False
        shown, hidden = {}, []
        for one in self.checker.catalog.chain(key):
            for path, value in self.versions[one].items():
                if path not in shown and not any(path == gone or path.startswith(gone + b'/') for gone in hidden):
                    shown[path] = value
            hidden += self.checker.catalog.deletions(one)
        source = {path: one[0] if one[0] else one[1] for path, one in backup.tree().items()}
        wrong = [path for path in source.keys() | shown.keys() if source.get(path) != shown.get(path)]
        if wrong and self._is_due(key, row):
            names = ', '.join(path.decode() for path in sorted(wrong)[:5])
            self.checker.find('data-set.not-whole', row.id, f'{len(wrong)} of {len(source)} files are not what its run found: {names}')
        self.checker.checked['dataSets'] += not wrong
        return not wrong

    def _read_indexes(self):
        """Data set -> segments that an index on a live volume lists, each with its lines; and whether one calls it complete."""
        catalog, result = self.checker.catalog, {}
        for row in catalog.tape_files:
            if row.kind != 'index' or row.state != 'written' or catalog.volumes[row.volume].state != 'live':
                continue
            payload = self._on_medium(row)
            if payload is None:
                continue
            if payload.digest not in self.indexes:
                try:
                    self.indexes[payload.digest] = Index(payload)
                except Exception as problem:
                    self.checker.find('index.damaged', catalog.data_sets[row.data_set].id, f'tape file {row.file_number}: {problem}')
                    continue
            known = result.setdefault(row.data_set, unlisted())
            known['lines'].update(self.indexes[payload.digest].lines)
            known['deletions'] |= self.indexes[payload.digest].deletions
            known['states'].add(self.indexes[payload.digest].record['state'])
        return result

    def _check_index(self, key, row):
        """What has left staging can be found again without the catalog; what an index says is where it says."""
        known = self.listed.get(key, unlisted())
        for number, lines in known['lines'].items():
            if (key, number) in self.payloads:
                self._check_lines(key, row, lines)
        if not self._is_due(key, row):
            return
        for version in self.checker.catalog.versions(key):
            segment = self.checker.catalog.segments.get((key, version.segment))
            if segment and not segment.in_staging and version.segment not in known['lines']:
                self.checker.find('index.missing', f'{row.id}/{version.segment}', 'it has left staging, and no index on a live volume lists it')
                return
        if row.concluded and 'complete' not in known['states']:
            self.checker.find('index.not-complete', row.id, 'concluded, says the catalog, and no index calls it complete')
        elif row.concluded and not self._waits(key):
            self._check_listed(key, row, known)

    def _waits(self, key):
        """A segment is in staging alone: a rebuild believes an index that was written before it, and the next flush writes both."""
        return any(one == key and segment.state == 'staged' for (one, _), segment in self.checker.catalog.segments.items())

    def _check_listed(self, key, row, known):
        """The indexes of a data set that is on media to its end say all that the catalog says of it: a rebuild has nothing else."""
        listed = {path_of(line) for lines in known['lines'].values() for line in lines}
        gone = self.checker.catalog.deletions(key)
        for what, wanted, found in (
            ('entries', {version.path for version in self.checker.catalog.versions(key)}, listed),
            ('deletions', gone, known['deletions']),
        ):
            missing = sorted(wanted - found)
            if missing:
                names = ', '.join(path.decode() for path in missing[:5])
                self.checker.find('index.incomplete', row.id, f'{len(missing)} {what} of the catalog are in no index: {names}')
        self.checker.checked['listedEntries'] += len(listed) + len(known['deletions'])

    def _check_lines(self, key, row, lines):
        for line in lines:
            member = self.found[key].get((line['segment'], line['offset']))
            if line['type'] != 'file' or member is None:
                continue
            is_it = line.get('hardLink') or member.name == path_of(line)
            if not is_it or member.digest.hex() != line['sha256']:
                self.checker.find('index.differs', f"{row.id}: {line['path']}", 'an index names a place where another file lies')
            self.checker.checked['indexLines'] += 1

    def _check_promises(self):
        ledger = self.checker.ledger
        rows = {ledger.backup_of(row.id): (key, row) for key, row in self.checker.catalog.data_sets.items()}
        for backup in ledger.due(self.checker.now):
            key, row = rows.get(backup, (None, None))
            if row is None:
                self.checker.find('data-set.gone', f'{backup.set} of {backup.at}', 'the program reported it, and the catalog does not know it')
            elif backup.is_complete and row.state != 'complete':
                self.checker.find('data-set.not-complete', row.id, f'it was reported complete, and the catalog calls it {row.state}')
            elif not backup.is_complete:
                self._check_staged(key, row, backup)

    def _check_staged(self, key, row, backup):
        """What a run that was cut off had staged is kept until a later run of its set is complete, which nobody may have been told."""
        rows = self.checker.catalog.data_sets
        if any(other.backup_set == row.backup_set and other.state == 'complete' and one > key for one, other in rows.items()):
            return
        gone = [number for number in range(1, backup.staged + 1) if (key, number) not in self.payloads]
        if gone:
            self.checker.find('segment.gone', row.id, f'segments {gone} were reported staged, and are neither in staging nor on a live volume')
