"""Cartridge by cartridge: what the catalog says of a volume stands on the medium, and what was protected still does."""

from catalog import FOREVER


class Witness:
    """What a cartridge held when it was looked at last: kept here, so that no mistake of the catalog can hide what is gone."""

    def __init__(self, volume, marks, until):
        self.volume, self.marks, self.until = volume, marks, until


class Volumes:
    def __init__(self, checker):
        self.checker = checker
        self.witnesses = {}

    def protected_until(self, barcode):
        known = self.witnesses.get(barcode)
        return known.until if known else 0

    def check(self):
        for cartridge in self.checker.catalog.cartridges.values():
            files = self.checker.cartridges.files(cartridge.barcode)
            if files is None:
                self.checker.find('medium.gone', cartridge.barcode, 'the cartridge has no image any more')
                continue
            volume = self.checker.catalog.current_volume(cartridge.id)
            if cartridge.condition != 'good':
                self._find(cartridge.barcode, 'cartridge.bad-name', f'called {cartridge.condition}: {cartridge.condition_reason}')
            if volume is None or volume.state != 'live':
                continue
            written = self.checker.catalog.written_on(volume.key)
            self._check_label(cartridge, volume, files)
            for row in written:
                self._check_tape_file(cartridge.barcode, volume, row, files)
            if not self.checker.suspended:
                self._check_append_point(cartridge.barcode, volume, written, files)
            self._remember(cartridge.barcode, volume, written, files)

    def _find(self, barcode, code, message):
        self.checker.find(code, barcode, message)

    def check_witnesses(self):
        """What was protected when the last command began is there, whatever the catalog says."""
        for barcode, known in self.witnesses.items():
            if known.until <= self.checker.now:
                continue
            files = self.checker.cartridges.files(barcode) or []
            gone = [number for number, mark in known.marks.items() if number >= len(files) or files[number].mark != mark]
            if gone:
                self._find(barcode, 'medium.overwritten', f'tape files {gone} of the protected volume {known.volume} are gone or changed')

    def _remember(self, barcode, volume, written, files):
        marks = {row.file_number: files[row.file_number].mark for row in written if row.file_number < len(files)}
        wanted = self.checker.wanted
        until = max((wanted[row.data_set] for row in written if row.data_set is not None), default=0)
        known = self.witnesses.get(barcode)
        if known and known.until > self.checker.now and known.volume == volume.id:
            # What was seen first counts: a tape file that is written does not change.
            marks = {**marks, **known.marks}
        self.witnesses[barcode] = Witness(volume.id, marks, FOREVER if volume.rebuilt else until)

    def _check_label(self, cartridge, volume, files):
        label = files[0].descriptor if files else None
        if not label or label['kind'] != 'label':
            self._find(cartridge.barcode, 'medium.no-label', f'volume {volume.id} should be on it, and it begins with no label')
        elif (label['volume'], label['barcode']) != (volume.id, cartridge.barcode):
            self._find(cartridge.barcode, 'medium.other-label', f"the label says {label['volume']} of {label['barcode']}, the catalog {volume.id}")

    def _check_tape_file(self, barcode, volume, row, files):
        where = f'tape file {row.file_number} ({row.kind} {row.number})'
        if row.file_number >= len(files):
            self._find(barcode, 'medium.tape-file-missing', f'{where} is written, says the catalog, and {len(files)} tape files are there')
            return
        found = files[row.file_number]
        if found.fault:
            self._find(barcode, 'medium.tape-file-damaged', f'{where}: {found.fault}')
            return
        data_set = self.checker.catalog.data_sets[row.data_set].id if row.data_set is not None else None
        stated = (row.kind, volume.id, data_set, row.number, row.block, row.blocks, row.payload_bytes)
        seen = found.descriptor
        real = (found.kind, seen['volume'], seen.get('dataSet'), seen.get('number'), found.block, found.blocks, len(found.payload.data))
        if stated != real:
            self._find(barcode, 'medium.tape-file-differs', f'{where}: the catalog says {stated}, the medium {real}')
        self.checker.checked['tapeFiles'] += 1
        self.checker.checked['tapeFileBytes'] += len(found.payload.data)

    def _check_append_point(self, barcode, volume, written, files):
        """Behind what is written nothing stands that a later append would refuse or leave in the way."""
        last = max((row.file_number for row in written), default=-1)
        numbers = [row.file_number for row in self.checker.catalog.tape_files if row.volume == volume.key and row.state != 'void']
        if numbers != list(range(len(numbers))):
            self._find(barcode, 'catalog.tape-files', f'the tape files of {volume.id} are numbered {numbers}')
        is_open = {row.file_number for row in self.checker.catalog.tape_files if row.volume == volume.key and row.state == 'open'}
        behind = [file for file in files[last + 1 :] if file.fault is None]
        if len(behind) > 1 or any(file.number not in is_open for file in behind):
            names = ', '.join(f"{file.number} ({file.kind} of {file.descriptor['volume']})" for file in behind)
            self._find(barcode, 'medium.unknown-tape-file', f'behind tape file {last}, the last that the catalog knows, are whole ones: {names}')
