import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driveAccess, ltoGenerations } from '#src/media/generation';

/** What each drive reads (r) and writes (w), written out from the vendors' compatibility tables: `9:w` = LTO-9, read and write. */
const table: Readonly<Record<string, string>> = {
  'LTO-1': '1:w',
  'LTO-2': '1:w 2:w',
  'LTO-3': '1:r 2:w 3:w',
  'LTO-4': '2:r 3:w 4:w',
  'LTO-5': '3:r 4:w 5:w',
  'LTO-6': '4:r 5:w 6:w',
  'LTO-7': '5:r 6:w 7:w',
  'LTO-8': '7:w M8:w 8:w',
  'LTO-9': '8:w 9:w',
  'LTO-10': '10:w',
};

test('every drive and every cartridge of LTO: the whole matrix', () => {
  for (const [drive, row] of Object.entries(table)) {
    const allowed = new Map(
      row.split(' ').map((cell) => [`LTO-${cell.slice(0, -2)}`, cell.endsWith('w') ? 'write' : 'read']),
    );
    for (const cartridge of ltoGenerations) {
      assert.equal(driveAccess(drive, cartridge), allowed.get(cartridge) ?? 'none', `${cartridge} in ${drive}`);
    }
  }
});

test('what is not known is not refused, and what is not LTO is only like itself', () => {
  assert.equal(driveAccess(undefined, 'LTO-9'), 'write');
  assert.equal(driveAccess('LTO-9', undefined), 'write');
  assert.equal(driveAccess('DAT-160', 'DAT-160'), 'write');
  assert.equal(driveAccess('DAT-160', 'DAT-72'), 'none');
  assert.equal(driveAccess('LTO-9', 'DAT-72'), 'none');
});
