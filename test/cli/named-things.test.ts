import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { addDataSet } from '#test/catalog/engines';
import { createWorkplace } from '#test/cli/workplace';

/** Adds a library of which the catalog knows nothing. */
function addLibrary(folder: string, name: string): void {
  const file = join(folder, 'grandsire.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('libraries:\n', `libraries:\n  ${name}: { driver: virtual, path: ./${name} }\n`));
}

describe('a cartridge that an operator names', () => {
  it('by a place: what is wrong with the place is said, in every command alike', async () => {
    using place = await createWorkplace();
    addLibrary(place.folder, 'other');
    for (const command of [['cartridge', 'show'], ['drive', 'load'], ['verify']]) {
      for (const [address, exitCode, code, says] of [
        ['slot:24', 6, 'library.place-empty', /^there is no cartridge in main\/slot:24$/],
        ['main/mail:2', 6, 'library.place-empty', /main\/mail:2/],
        ['drive:1', 6, 'library.place-empty', /main\/drive:1/],
        ['slot:99', 5, 'library.no-such-place', /library main has no slot:99/],
        ['drive:3', 5, 'library.no-such-place', /drive:3/],
        ['other/slot:1', 5, 'library.not-inventoried', /library other/],
        ['slot:x', 2, 'command.usage', /"slot:x" is not a place in a library/],
        ['robot:1', 2, 'command.usage', /"robot:1" is not a place/],
        ['NOSUCH', 5, 'cartridge.not-found', /no cartridge NOSUCH is known/],
      ] as const) {
        const { error } = (await place.json([...command, address], exitCode)) as {
          error: { code: string; message: string };
        };
        assert.equal(error.code, code, `${command.join(' ')} ${address}`);
        assert.match(error.message, says);
      }
    }
  });

  it('by a place that several libraries have', async () => {
    using place = await createWorkplace();
    {
      await using app = await place.open();
      const [first] = await app.catalog.cartridges.list();
      if (first === undefined) throw new RangeError('no cartridge');
      const location = { kind: 'slot', library: 'other', number: 1 } as const;
      await app.catalog.cartridges.add({ ...first, library: 'other', location });
    }
    const { stderr, exitCode } = await place.run(['cartridge', 'show', 'slot:1']);
    assert.equal(exitCode, 6);
    assert.match(
      stderr,
      /slot:1 is in 2 libraries: main\/slot:1 and other\/slot:1\nName the library too: main\/slot:1/,
    );
    assert.equal((await place.run(['cartridge', 'show', 'other/slot:1'])).exitCode, 0);
    assert.equal((await place.run(['cartridge', 'show', 'slot:1', '--library', 'main'])).exitCode, 0);
  });
});

describe('a range', () => {
  it('whose end comes before its beginning is a slip, and both options are named', async () => {
    using place = await createWorkplace();
    for (const [argv, says] of [
      [
        ['schedule', 'show', '--from', '2027-01-01', '--to', '2026-01-01'],
        /--to 2026-01-01 is before --from 2027-01-01/,
      ],
      [['schedule', 'show', '--to', '2026-11-26'], /--to 2026-11-26 is before --from 2026-11-27/],
      [['schedule', 'print', '--from', '2027-01-02', '--to', '2027-01-01'], /--to 2027-01-01 is before --from 2027/],
      [
        ['find', 'x', '--after', '2026-11-26', '--before', '2026-11-25'],
        /--before 2026-11-25 is before --after 2026-11-26/,
      ],
    ] as const) {
      const run = await place.run(argv);
      assert.equal(run.exitCode, 2, argv.join(' '));
      assert.match(run.stderr, says);
    }
    assert.equal((await place.run(['find', 'x', '--after', '2026-11-25', '--before', '2026-11-25'])).exitCode, 5);
    assert.equal((await place.run(['schedule', 'show', '--from', '2026-11-28', '--to', '2026-11-28'])).exitCode, 0);
  });
});

describe('a filter', () => {
  it('by a name that is not there is not answered as if there were nothing', async () => {
    using place = await createWorkplace();
    for (const [argv, code, says] of [
      [['cartridge', 'list', '--pool', 'dayly'], 'pool.not-found', /Did you mean `daily`\?/],
      [['cartridge', 'list', '--library', 'mian'], 'library.not-found', /Did you mean `main`\?/],
      [['pool', 'show', 'dayly'], 'pool.not-found', /Did you mean `daily`\?/],
      [['backup', 'list', '--set', 'hoem'], 'set.not-found', /Did you mean `home`\?/],
      [['find', 'x', '--set', 'nope'], 'set.not-found', /`grandsire backup list`/],
    ] as const) {
      const { error } = (await place.json(argv, 5)) as { error: { code: string; remedy: string } };
      assert.equal(error.code, code, argv.join(' '));
      assert.match(error.remedy, says);
    }
    assert.deepEqual((await place.json(['cartridge', 'list', '--pool', 'daily']))['cartridges'], []);
    assert.match((await place.run(['cartridge', 'list', '--pool', 'daily'])).stdout, /^no cartridge is known there/);
    assert.deepEqual((await place.json(['backup', 'list', '--set', 'home']))['dataSets'], []);
  });

  it('by a set that is no longer configured finds what it backed up', async () => {
    using place = await createWorkplace();
    {
      await using app = await place.open();
      await addDataSet(app.catalog, { id: 'old-20261101T220000Z', backupSet: 'old' });
    }
    const { dataSets } = (await place.json(['backup', 'list', '--set', 'old'])) as { dataSets: unknown[] };
    assert.equal(dataSets.length, 1);
    assert.deepEqual((await place.json(['find', 'x', '--set', 'old'], 5))['matches'], []);
  });
});
