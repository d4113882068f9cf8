"""Where cartridges lie, by the library itself."""

import json
from pathlib import Path

import iscsi


NAMES = {'slot': 'slot', 'drive': 'drive', 'mailSlot': 'mail'}


def booked(row):
    """Where the catalog has it, or None."""
    return f"{NAMES[row.location['kind']]}:{row.location['number']}" if row.location['kind'] in NAMES else None


def places(checker):
    """Barcode -> `slot:5`, `drive:1`, `mail:1`; by the catalog where the library does not answer just now."""
    device = checker.config['device']
    if 'elements' in device:
        cartridges = json.loads(Path(device['elements']).read_text())['cartridges']
        return {barcode: one['place'] for barcode, one in cartridges.items() if one['place'] != 'outside'}
    try:
        seen = iscsi.places(device['portal'], device['target'], int(device['changerLun']))
    except OSError:
        return {row.barcode: booked(row) for row in checker.catalog.cartridges.values() if booked(row)}
    checker.checked['placesToldByTheChanger'] += len(seen)
    return seen


def check_places(checker, seen, settled):
    if len(set(seen.values())) != len(seen):
        checker.find('library.two-in-one-place', 'library', f'two cartridges in one place: {seen}')
    if not settled:
        return
    for row in checker.catalog.cartridges.values():
        place = seen.get(row.barcode)
        if place != booked(row):
            checker.find('catalog.location', row.barcode, f'booked in {booked(row)}, and it is in {place}')
        if place and place.startswith('drive:'):
            checker.find('library.left-in-drive', row.barcode, f'nobody uses it, and it is still in {place}')
    # That of the staging area was not looked at: a row that a dead process left says nothing.
    for row in checker.catalog.rows("select * from leases where resource like 'library:%'"):
        checker.find('catalog.lease', row.resource, f'held by process {row.pid} ({row.job}), which has ended')
