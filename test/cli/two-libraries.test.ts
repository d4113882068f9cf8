import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { createTestLibrary, type TestLibrary } from '#test/support/virtual-library';

// Some dozen commands that synchronise after each step: on memory, where there is some, that costs nothing.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const barcode = 'G00001L9';

interface Listed {
  readonly barcode: string;
  readonly location: { readonly kind: string; readonly library?: string; readonly number?: number };
  readonly volume: object | null;
  readonly condition: string;
}

describe('one barcode in two libraries', () => {
  it('is two cartridges: each is addressed by its place, and what is on one is found there', async () => {
    await using second = await createTestLibrary({ cartridges: [barcode] });
    await using here = await withSecond(second);
    const looked = await here.command('library', 'inventory', '--library', 'second');
    assert.equal(looked.exitCode, 3);
    assert.match(looked.stderr, /G00001L9 is on 2 cartridges: second\/slot:1, main\/slot:1; if it was carried over/);
    assert.deepEqual(await places(here), ['main/slot:1 labelled', 'second/slot:1 blank']);
    await assertRestores(here);
    const verified = await here.command('verify', barcode);
    assert.equal(verified.exitCode, 6);
    assert.match(verified.stderr, /main\/slot:1 and second\/slot:1.*\n?.*library inventory --library main/);
    assert.equal((await here.command('verify', 'main/slot:1')).exitCode, 3);
    // Neither library takes it from the other, whichever is looked into last.
    await here.command('library', 'inventory', '--library', 'main');
    await here.command('cartridge', 'label', 'second/slot:1');
    assert.deepEqual(await places(here), ['main/slot:1 labelled', 'second/slot:1 labelled']);
    await assertRestores(here);
    // Both carry volumes of their own: what is taken out of one library is not the one in the other.
    rmSync(here.device.imagePath(barcode));
    await here.command('library', 'inventory', '--library', 'main');
    assert.deepEqual(await places(here), ['second/slot:1 labelled', 'unknown labelled']);
  });

  it('is said to be where it is addressed, in text too', async () => {
    await using second = await createTestLibrary({ cartridges: ['G00002L9'] });
    await using here = await withSecond(second);
    await here.command('library', 'inventory', '--library', 'second');
    for (const [argv, text] of [
      [['cartridge', 'list'], /^G00001L9 .* main\/slot:1 .*\n(?:.*\n)*G00002L9 .* second\/slot:1 /m],
      [['find', 'letter'], /^G00001L9 \(main\/slot:1\) /m],
      [['restore', 'plan', here.source], /^G00001L9 +main\/slot:1 /m],
      [['pool', 'show', 'daily'], /^G00001L9 .* main\/slot:1 /m],
    ] as const) {
      assert.match((await here.command(...argv)).stdout, text, argv.join(' '));
    }
    rmSync(here.device.imagePath(barcode));
    await here.command('library', 'inventory', '--library', 'main');
    assert.match((await here.command('find', 'letter')).stdout, /G00001L9 \(not in sight \(was in main\/slot:1\)\)/);
  });

  it('carried over by hand it is two until the first library is looked into, then one again with its volume', async () => {
    await using second = await createTestLibrary({ cartridges: [] });
    await using here = await withSecond(second);
    const before = (await cartridges(here))[0]?.volume;
    carry(here.device, second);
    await here.command('library', 'inventory', '--library', 'second');
    assert.deepEqual(await places(here), ['main/slot:1 labelled', 'second/slot:1 blank']);
    // Meanwhile nothing is written to it, and what was read of it in that time is no lasting doubt.
    const refused = await here.command('cartridge', 'label', 'second/slot:1', '--yes');
    assert.equal(refused.exitCode, 6, refused.stdout);
    assert.match(refused.stdout, /cartridge.wrong-volume/);
    await here.command('catalog', 'rebuild', 'second/slot:1');
    const looked = await here.command('library', 'inventory', '--library', 'main');
    assert.match(looked.stderr, /no longer in main\/slot:1: it is taken for the one in second\/slot:1/);
    const [only, ...others] = await cartridges(here);
    assert.deepEqual(others, []);
    assert.deepEqual([only?.volume, only?.condition], [before, 'good']);
    assert.equal((await here.command('cartridge', 'identify', barcode)).exitCode, 0);
    assert.equal((await here.command('verify', barcode)).exitCode, 0);
    await assertRestores(here);
    assert.equal((await here.command('catalog', 'check')).exitCode, 0);
  });

  it('a cartridge that was put out of one library, or missed there, is followed into the other', async () => {
    for (const leave of ['export', 'miss'] as const) {
      await using second = await createTestLibrary({ cartridges: [] });
      await using here = await withSecond(second);
      if (leave === 'export') await here.command('library', 'export', barcode, '--library', 'main');
      carry(here.device, second);
      if (leave === 'miss') await here.command('library', 'inventory', '--library', 'main');
      await here.command('library', 'inventory', '--library', 'second');
      assert.deepEqual(await places(here), ['second/slot:1 labelled'], leave);
      await assertRestores(here);
    }
  });

  it('a library that is not in the configuration any more keeps nothing', async () => {
    await using second = await createTestLibrary({ cartridges: [] });
    await using here = await withSecond(second);
    carry(here.device, second);
    edit(here, (text) => text.replace(/ {2}main: \{[^}]*\}\n/, ''));
    const looked = await here.command('library', 'inventory');
    assert.equal(looked.exitCode, 3, looked.stderr);
    assert.deepEqual(await places(here), ['second/slot:1 labelled']);
  });
});

/** A backup on the one cartridge of `main`, and another library beside it. */
async function withSecond(second: TestLibrary): Promise<Installation> {
  const here = await Installation.create({ cartridges: [barcode] });
  writeFileSync(join(here.source, 'letter'), 'dear');
  const { exitCode, stderr } = await here.command('backup', 'run', 'home');
  assert.equal(exitCode, 0, stderr);
  const { path, drives, slots, mailSlots, generation } = second.settings;
  const settings = `driver: virtual, path: '${path}', drives: ${drives}, slots: ${slots}, mailSlots: ${mailSlots}`;
  edit(here, (text) =>
    text.replace('libraries:\n', `libraries:\n  second: { ${settings}, generation: ${generation} }\n`),
  );
  return here;
}

function edit({ folder }: Installation, change: (text: string) => string): void {
  const file = join(folder, 'grandsire.yaml');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

/** As an operator carries a cartridge: its image, and the memory inside it. */
function carry(from: TestLibrary, to: TestLibrary): void {
  const record = from.readState().cartridges[barcode];
  assert.ok(record);
  const { home: _home, putOut: _putOut, seat: _seat, ...memory } = record;
  to.editState((state) => ({ ...state, cartridges: { [barcode]: { ...memory, place: 'slot:1' } } }));
  renameSync(from.imagePath(barcode), to.imagePath(barcode));
}

async function cartridges(here: Installation): Promise<readonly Listed[]> {
  return JSON.parse((await here.command('cartridge', 'list', '--json')).stdout).cartridges;
}

async function places(here: Installation): Promise<readonly string[]> {
  return (await cartridges(here))
    .map(({ location: { kind, library, number }, volume }) => {
      const place = library === undefined ? kind : `${library}/${kind}:${number}`;
      return `${place} ${volume ? 'labelled' : 'blank'}`;
    })
    .sort();
}

async function assertRestores(here: Installation): Promise<void> {
  const to = join(here.folder, `to-${performance.now()}`);
  const { stdout } = await here.command('restore', 'run', here.source, '--to', to, '--json');
  assert.deepEqual(JSON.parse(stdout).failed, [], stdout);
  assert.equal(readFileSync(join(to, here.source, 'letter'), 'utf8'), 'dear');
}
