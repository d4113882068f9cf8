import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { createTestLibrary } from '#test/support/virtual-library';

const day = 24 * 3_600_000;
const rotation = `    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'
    timeZone: UTC
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: daily }
    grandfather: { on: last friday of month, level: full, pool: daily }
`;

/** What answers from the catalog; whether its words name places or cartridges that are yet to be put there. */
const answers = (here: Installation, dataSet: string) =>
  [
    { argv: ['find', 'letter'], names: 'places' },
    { argv: ['backup', 'list'], names: 'nothing' },
    { argv: ['backup', 'show', dataSet], names: 'nothing' },
    { argv: ['restore', 'plan', here.source], names: 'places' },
    { argv: ['schedule', 'show'], names: 'places' },
    { argv: ['schedule', 'next'], names: 'places' },
    { argv: ['schedule', 'print'], names: 'places' },
    { argv: ['pool', 'list'], names: 'nothing' },
    { argv: ['pool', 'show', 'daily'], names: 'places' },
    { argv: ['cartridge', 'list'], names: 'places' },
  ] as const;

describe('commands that answer from the catalog', () => {
  it('say when the library was inventoried, and in words when that was long ago, without a device', async () => {
    await using here = await Installation.create({ rotation });
    writeFileSync(join(here.source, 'letter'), 'dear');
    const run = JSON.parse((await here.command('backup', 'run', 'home', '--json')).stdout);
    const inventoriedAt = '2026-11-23T22:00:00+00:00';
    renameSync(here.device.settings.path, `${here.device.settings.path}-away`);
    for (const age of [6 * day, 8 * day]) {
      here.clock.set((Date.parse(inventoriedAt) + age) as ReturnType<typeof here.clock.now>);
      for (const { argv, names } of answers(here, run.dataSet)) {
        const document = await here.command(...argv, '--json');
        const { inventories, error, ...said } = JSON.parse(document.stdout);
        assert.equal(error, undefined, argv.join(' '));
        assert.equal(said.inventoriedAt, inventoriedAt, argv.join(' '));
        assert.deepEqual(inventories, [{ library: 'main', inventoriedAt }], argv.join(' '));
        assert.equal(document.stderr, '', argv.join(' '));
        const { stderr } = await here.command(...argv);
        const expected =
          names === 'places' && age > 7 * day
            ? `library main was looked into last at ${inventoriedAt}; to look what is where now: grandsire library inventory --library main\n`
            : '';
        assert.equal(stderr, expected, argv.join(' '));
        assert.equal((await here.command(...argv, '--quiet')).stderr, '', argv.join(' '));
      }
    }
    renameSync(`${here.device.settings.path}-away`, here.device.settings.path);
  });

  it('say of several libraries the oldest, each by itself, and null where nobody has looked yet', async () => {
    await using here = await Installation.create({ rotation });
    await using device = await createTestLibrary({ cartridges: ['H00001L9'] });
    const { path, drives, slots, mailSlots, generation } = device.settings;
    const settings = `driver: virtual, path: '${path}', drives: ${drives}, slots: ${slots}, mailSlots: ${mailSlots}`;
    const file = join(here.folder, 'grandsire.yaml');
    const other = `${rotation.replace('library: main', 'library: other')}`;
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .replace('libraries:\n', `libraries:\n  other: { ${settings}, generation: ${generation} }\n`)
        .replace('rotations:\n', `rotations:\n  elsewhere:\n${other}`),
    );
    const { stdout } = await here.command('find', 'nothing', '--json');
    const { inventoriedAt, inventories } = JSON.parse(stdout);
    assert.equal(inventoriedAt, null);
    assert.deepEqual(inventories, [
      { library: 'other', inventoriedAt: null },
      { library: 'main', inventoriedAt: '2026-11-23T22:00:00+00:00' },
    ]);
    // A search without a match names no place.
    assert.equal((await here.command('find', 'nothing')).stderr, '');
    const { stderr } = await here.command('schedule', 'show');
    assert.match(stderr, /^library other was never looked into; .*library inventory --library other\n$/);
    await here.command('library', 'inventory', '--library', 'other');
    here.clock.set((here.clock.now() + 8 * day) as ReturnType<typeof here.clock.now>);
    await here.command('library', 'inventory', '--library', 'other');
    const both = JSON.parse((await here.command('backup', 'list', '--json')).stdout);
    assert.equal(both.inventoriedAt, '2026-11-23T22:00:00+00:00');
    assert.equal(both.inventories[0].inventoriedAt, '2026-12-01T22:00:00+00:00');
    assert.match((await here.command('schedule', 'next')).stderr, /^library main was looked into last[^\n]*\n$/);
  });
});
