import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { interrupted } from '#src/base/errors';
import { addDataSet, until } from '#test/catalog/engines';
import { createWorkplace, simhImage, type Workplace } from '#test/cli/workplace';

interface Labelled {
  readonly labelled: readonly string[];
  readonly refused: readonly { readonly barcode: string; readonly code: string; readonly message: string }[];
}

const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const foreignTape = simhImage([[randomBytes(10_240), randomBytes(10_240)], [randomBytes(512)]]);
const label = async (place: Workplace, argv: readonly string[], exitCode = 0) =>
  (await place.json(['cartridge', 'label', ...argv], exitCode)) as unknown as Labelled;
const show = (place: Workplace, barcode: string) => place.json(['cartridge', 'show', barcode]);

describe('cartridge label', () => {
  it('labels what is blank, in its pool or in the one that is named', async () => {
    using place = await createWorkplace();
    assert.deepEqual(await label(place, ['G00001L9', 'G00002L9', 'G00001L9', '--pool', 'daily']), {
      labelled: ['G00001L9', 'G00002L9'],
      refused: [],
    });
    const shown = await show(place, 'G00001L9');
    assert.deepEqual([shown['pool'], shown['fill']], ['daily', 'appendable']);
    assert.equal((shown['location'] as { number: number }).number, 1);
    const identified = await place.json(['cartridge', 'identify', 'G00001L9']);
    const volume = shown['volume'] as { id: string };
    assert.deepEqual([identified['kind'], (identified['volume'] as { id: string }).id], ['ours', volume.id]);
    assert.equal((await place.run(['cartridge', 'label', 'G00003L9', '--pool', 'nope'])).exitCode, 5);
    assert.equal((await place.run(['cartridge', 'label', 'NOSUCH'])).exitCode, 5);
    assert.equal((await place.run(['cartridge', 'label'])).exitCode, 2);
    assert.equal((await place.run(['cartridge', 'label', 'G00003L9', '--all-blank'])).exitCode, 2);
  });

  it('refuses by name what is not blank, leaves every byte of it, and labels the others', async () => {
    using place = await createWorkplace();
    writeFileSync(place.image('G00001L9'), foreignTape);
    place.editCartridge('G00002L9', { writeProtected: true });
    const before = digest(place.image('G00001L9'));
    const done = await label(place, ['G00001L9', 'G00002L9', 'CLNU01CU', 'G00003L9'], 6);
    assert.deepEqual(done.labelled, ['G00003L9']);
    assert.deepEqual(
      done.refused.map(({ barcode, code }) => [barcode, code]),
      [
        ['CLNU01CU', 'cartridge.cleaning'],
        ['G00001L9', 'cartridge.foreign'],
        ['G00002L9', 'cartridge.write-protected'],
      ],
    );
    assert.equal(digest(place.image('G00001L9')), before);
    assert.equal(readFileSync(place.image('G00002L9')).length, 0);
    // Known from now on, so that no plan names them.
    assert.equal((await show(place, 'G00001L9'))['fill'], 'foreign');
    assert.equal((await show(place, 'G00002L9'))['writeProtected'], true);
    const text = await place.run(['cartridge', 'label', 'G00001L9', '--yes']);
    assert.equal(text.exitCode, 6);
    assert.match(text.stdout, /G00001L9 refused: .*did not write.*\(cartridge\.foreign\)\n {2}It is left as it is/);
    assert.deepEqual([place.placeOf('G00001L9'), place.placeOf('G00002L9')], ['slot:1', 'slot:2']);
    // Its switch was moved.
    place.editCartridge('G00002L9', { writeProtected: false });
    assert.deepEqual((await label(place, ['G00002L9'])).labelled, ['G00002L9']);
    assert.equal((await show(place, 'G00002L9'))['writeProtected'], false);
  });

  it('asks before a volume is lost, and labels it anew with --yes', async () => {
    using place = await createWorkplace();
    await label(place, ['G00001L9']);
    const before = (await show(place, 'G00001L9'))['volume'] as { id: string };
    const asked = await place.run(['cartridge', 'label', 'G00001L9', 'G00002L9']);
    assert.equal(asked.exitCode, 2);
    assert.match(asked.stderr, /This labels G00001L9 anew; what is on it is lost\./);
    assert.deepEqual((await show(place, 'G00001L9'))['volume'], before);
    assert.equal((await show(place, 'G00002L9'))['volume'], null);
    assert.deepEqual((await label(place, ['G00001L9', '--yes'])).labelled, ['G00001L9']);
    assert.notEqual(((await show(place, 'G00001L9'))['volume'] as { id: string }).id, before.id);
  });

  it('never labels what is protected, whatever the operator says', async () => {
    using place = await createWorkplace();
    await label(place, ['G00001L9']);
    {
      await using app = await place.open();
      const [cartridge] = await app.catalog.cartridges.byBarcode('G00001L9');
      const volume = cartridge && (await app.catalog.volumes.ofCartridge(cartridge.id));
      assert.ok(volume);
      const dataSet = await addDataSet(app.catalog, { protection: until('2026-12-31') });
      const file = {
        volume: volume.key,
        fileNumber: 1,
        kind: 'segment' as const,
        block: 3,
        dataSet: dataSet.key,
        number: 1,
      };
      await app.catalog.tapeFiles.adopt({ ...file, state: 'written', blocks: 2, payloadBytes: 1024 });
    }
    const before = digest(place.image('G00001L9'));
    const { refused } = await label(place, ['G00001L9', '--yes'], 6);
    assert.deepEqual(
      refused.map(({ code }) => code),
      ['cartridge.protected'],
    );
    assert.equal(digest(place.image('G00001L9')), before);
  });

  it('--all-blank labels every blank cartridge, and passes over what is not', async () => {
    using place = await createWorkplace();
    writeFileSync(place.image('H00001L9'), foreignTape);
    writeFileSync(place.image('H00002L9'), '');
    const done = await label(place, ['--all-blank'], 0);
    // Those put in by hand are known only after an inventory.
    assert.equal(done.labelled.length, 20);
    await place.json(['library', 'inventory']);
    const again = await label(place, ['--all-blank', '--pool', 'weekly'], 3);
    assert.deepEqual(again.labelled, ['H00002L9']);
    assert.deepEqual(
      again.refused.map(({ barcode, code }) => [barcode, code]),
      [['H00001L9', 'cartridge.foreign']],
    );
    // It is known to be foreign now, and not looked at again.
    assert.deepEqual(await label(place, ['--all-blank']), { labelled: [], refused: [] });
    assert.equal((await show(place, 'H00002L9'))['pool'], 'weekly');
  });

  it('interrupted, it stops between two cartridges and says what is labelled', async () => {
    using place = await createWorkplace();
    const interruption = new AbortController();
    // The terminal's bar tells that the first is done.
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 200 });
    const said: string[] = [];
    stderr.on('data', (chunk: Buffer) => {
      said.push(String(chunk));
      if (String(chunk).includes('G00001L9')) interruption.abort(interrupted());
    });
    const { signal } = interruption;
    const { runCli } = await import('#src/cli/run-cli');
    const environment = {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr,
      variables: {},
      timeZone: 'UTC' as never,
    };
    const { folder, clock } = place;
    const exitCode = await runCli(['cartridge', 'label', '--all-blank'], { ...environment, folder, clock, signal });
    assert.equal(exitCode, 130);
    assert.match(said.join(''), /labelled before that: G00001L9\n/);
    assert.equal((await show(place, 'G00001L9'))['fill'], 'appendable');
    assert.equal((await show(place, 'G00003L9'))['volume'], null);
    assert.deepEqual([place.placeOf('G00001L9'), place.placeOf('G00002L9')], ['slot:1', 'slot:2']);
  });
});

describe('cartridge identify', () => {
  it('says what is on a cartridge, and the catalog remembers', async () => {
    using place = await createWorkplace();
    assert.deepEqual(await place.json(['cartridge', 'identify', 'G00001L9']), {
      barcode: 'G00001L9',
      kind: 'blank',
      writeProtected: false,
      worm: false,
    });
    writeFileSync(place.image('G00001L9'), foreignTape);
    place.editCartridge('G00001L9', { writeProtected: true });
    assert.deepEqual(await place.json(['cartridge', 'identify', 'main/slot:1']), {
      barcode: 'G00001L9',
      kind: 'foreign',
      firstBlockBytes: 10_240,
      writeProtected: true,
      worm: false,
    });
    const shown = await show(place, 'G00001L9');
    assert.deepEqual([shown['fill'], shown['writeProtected'], shown['condition']], ['foreign', true, 'good']);
    assert.deepEqual(readFileSync(place.image('G00001L9')), foreignTape);
    // Erased elsewhere and brought back.
    truncateSync(place.image('G00001L9'));
    place.editCartridge('G00001L9', { writeProtected: false });
    assert.equal((await place.json(['cartridge', 'identify', 'G00001L9']))['kind'], 'blank');
    const blank = await show(place, 'G00001L9');
    assert.deepEqual([blank['fill'], blank['writeProtected']], ['blank', false]);
    assert.equal(place.placeOf('G00001L9'), 'slot:1');
  });

  it('knows a cleaning cartridge by its barcode without using it up, and another when the drive says so', async () => {
    using place = await createWorkplace();
    const state = () => JSON.parse(readFileSync(join(place.folder, 'virtual-library/library.json'), 'utf8'));
    const before = state().cartridges.CLNU01CU;
    assert.equal((await place.json(['cartridge', 'identify', 'CLNU01CU']))['kind'], 'cleaning');
    assert.deepEqual(state().cartridges.CLNU01CU, before);
    place.editCartridge('G00001L9', { kind: 'cleaning', cleaningsLeft: 3 });
    assert.equal((await place.json(['cartridge', 'identify', 'G00001L9']))['kind'], 'cleaning');
    assert.equal((await show(place, 'G00001L9'))['kind'], 'cleaning');
    // The drive was being cleaned, and said so of whatever it was given.
    place.editCartridge('G00001L9', { kind: 'data' });
    assert.equal((await place.json(['cartridge', 'identify', 'G00001L9']))['kind'], 'blank');
    assert.equal((await show(place, 'G00001L9'))['kind'], 'data');
  });

  it('a WORM cartridge under a barcode that does not say so', async () => {
    using place = await createWorkplace();
    place.editCartridge('G00001L9', { kind: 'worm' });
    assert.equal((await place.json(['cartridge', 'identify', 'G00001L9']))['worm'], true);
    assert.equal((await show(place, 'G00001L9'))['kind'], 'worm');
  });

  it('another volume than the catalog expects is named (3) and suspect, until the right one is back', async () => {
    using place = await createWorkplace();
    await label(place, ['G00001L9', 'G00002L9']);
    const right = readFileSync(place.image('G00001L9'));
    copyFileSync(place.image('G00002L9'), place.image('G00001L9'));
    const wrong = await place.json(['cartridge', 'identify', 'G00001L9'], 3);
    assert.equal(wrong['kind'], 'ours');
    const [warning] = wrong['warnings'] as { code: string; message: string }[];
    assert.equal(warning?.code, 'cartridge.wrong-volume');
    assert.equal((await show(place, 'G00001L9'))['condition'], 'suspect');
    const relabel = await label(place, ['G00001L9', '--yes'], 6);
    assert.equal(relabel.refused[0]?.code, 'cartridge.wrong-volume');
    assert.deepEqual(readFileSync(place.image('G00001L9')), readFileSync(place.image('G00002L9')));
    writeFileSync(place.image('G00001L9'), right);
    await place.json(['cartridge', 'identify', 'G00001L9']);
    assert.equal((await show(place, 'G00001L9'))['condition'], 'good');
  });
});

describe('cartridge read', () => {
  const blocks = [randomBytes(10_240), randomBytes(70_001), randomBytes(3)];
  const prepare = async (place: Workplace) => {
    writeFileSync(place.image('H00001L9'), simhImage([[randomBytes(512)], blocks, []]));
    await place.json(['library', 'inventory']);
  };
  const readRaw = async (place: Workplace, argv: readonly string[]) => {
    const chunks: Buffer[] = [];
    const stdout = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(Buffer.from(chunk));
        done();
      },
    });
    const exitCode = await runWith(place, argv, stdout);
    return { exitCode, bytes: Buffer.concat(chunks) };
  };
  const runWith = async (
    place: Workplace,
    argv: readonly string[],
    stdout: NodeJS.WritableStream,
    signal?: AbortSignal,
  ) => {
    const { runCli } = await import('#src/cli/run-cli');
    const { folder, clock } = place;
    const environment = {
      stdin: new PassThrough(),
      stderr: new PassThrough(),
      variables: {},
      timeZone: 'UTC' as never,
    };
    return runCli(['cartridge', 'read', ...argv], {
      ...environment,
      folder,
      clock,
      signal: signal ?? new AbortController().signal,
      stdout,
    });
  };

  it('gives the blocks of one tape file, byte for byte, to a pipe or a new file', async () => {
    using place = await createWorkplace();
    await prepare(place);
    assert.deepEqual(await readRaw(place, ['H00001L9', '--file', '1']), { exitCode: 0, bytes: Buffer.concat(blocks) });
    assert.deepEqual(
      (await readRaw(place, ['H00001L9', '--file', '1', '--skip', '1'])).bytes,
      Buffer.concat(blocks.slice(1)),
    );
    assert.deepEqual(await readRaw(place, ['H00001L9', '--file', '1', '--skip', '9']), {
      exitCode: 0,
      bytes: Buffer.alloc(0),
    });
    assert.deepEqual(await readRaw(place, ['H00001L9', '--file', '2']), { exitCode: 0, bytes: Buffer.alloc(0) });
    const out = join(place.folder, 'payload');
    assert.deepEqual(
      await place.json(['cartridge', 'read', 'H00001L9', '--file', '1', '--skip', '1', '--out', 'payload']),
      {
        barcode: 'H00001L9',
        file: 1,
        blocks: 2,
        bytes: 70_004,
        out,
      },
    );
    assert.deepEqual(readFileSync(out), Buffer.concat(blocks.slice(1)));
    const again = await place.run(['cartridge', 'read', 'H00001L9', '--file', '0', '--out', 'payload']);
    assert.equal(again.exitCode, 6);
    assert.equal(readFileSync(out).length, 70_004);
    assert.match(place.placeOf('H00001L9'), /^slot:/);
  });

  it('refuses a terminal, JSON without a file, and what is not there', async () => {
    using place = await createWorkplace();
    await prepare(place);
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    assert.equal(await runWith(place, ['H00001L9', '--file', '0'], terminal), 2);
    assert.equal(terminal.read(), null);
    assert.equal((await place.run(['cartridge', 'read', 'H00001L9', '--file', '0', '--json'])).exitCode, 2);
    assert.equal((await place.run(['cartridge', 'read', 'H00001L9'])).exitCode, 2);
    assert.equal((await place.run(['cartridge', 'read', 'CLNU01CU', '--file', '0'])).exitCode, 6);
    for (const [barcode, file] of [
      ['H00001L9', '3'],
      ['H00001L9', '9'],
      ['G00001L9', '0'],
    ] as const) {
      const run = await place.run(['cartridge', 'read', barcode, '--file', file, '--out', 'none']);
      assert.equal(run.exitCode, 5, `${barcode} ${file}`);
      assert.equal(existsSync(join(place.folder, 'none')), false);
    }
  });

  it('a reader that is gone ends it, and one that does not read cannot keep it from being interrupted', async () => {
    using place = await createWorkplace();
    await prepare(place);
    const gone = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('gone'), { code: 'EPIPE' })),
    }).on('error', () => undefined);
    assert.equal(await runWith(place, ['H00001L9', '--file', '1'], gone), 0);
    const interruption = new AbortController();
    const stuck = new Writable({ write: () => interruption.abort(interrupted()) });
    assert.equal(await runWith(place, ['H00001L9', '--file', '1'], stuck, interruption.signal), 130);
    assert.match(place.placeOf('H00001L9'), /^slot:/);
    assert.match((await place.run(['drive', 'list'])).stdout, /drive:1 {2}empty/);
  });
});
