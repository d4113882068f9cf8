import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { compareFolders } from '#src/cli/demo/compare-folders';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { TgtWorkplace } from '#test/tgt/tgt-workplace';

if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const barcodes = ['T00001L8', 'T00002L8', 'T00003L8'] as const;
const capacityMiB = 10;
const names = Array.from({ length: 12 }, (_, index) => `file-${index + 10}`);

interface Run {
  readonly dataSet: string;
  readonly state: string;
  readonly staged: boolean;
  readonly cartridges: readonly string[];
}

interface TapeFile {
  readonly cartridge: string;
  readonly tapeFile: number;
}

interface Shown {
  readonly segments: readonly { readonly number: number; readonly copies: readonly TapeFile[] }[];
}

interface Found {
  readonly matches: readonly {
    /** `parts`: of a file that lies in several segments. */
    readonly copies: readonly (TapeFile & { readonly volume: string; readonly parts?: readonly TapeFile[] })[];
  }[];
}

const keyOf = ({ cartridge, tapeFile }: TapeFile): string => `${cartridge}:${tapeFile}`;

it('a data set too big for a cartridge of tgt goes on on the next one, and is read from both', {
  skip: skipWithout(tgtTools),
}, async () => {
  await using library = await TgtLibrary.start({
    drives: 1,
    slots: 3,
    mailSlots: 0,
    capacityMiB,
    cartridges: barcodes,
  });
  using place = new TgtWorkplace(library);
  for (const name of names) writeFileSync(join(place.source, name), randomBytes(1_500_000));
  await place.json(['library', 'inventory']);
  await place.json(['cartridge', 'label', '--all-blank', '--pool', 'daily']);
  const run = await place.json<Run>(['backup', 'run', 'home', '--level', 'full']);
  const used = barcodes.slice(0, 2);
  assert.deepEqual([run.state, run.staged, run.cartridges], ['complete', false, used]);
  // tgt would have gone on writing behind the end that it announced.
  const [firstBytes = 0] = used.map((barcode) => statSync(join(library.folder, 'media', barcode)).size);
  assert.ok(firstBytes > (capacityMiB - 1) * 2 ** 20, `${firstBytes} bytes: the first was left before its end`);
  assert.ok(firstBytes < (capacityMiB + 1) * 2 ** 20, `${firstBytes} bytes: written on behind the end`);

  for (const barcode of used)
    assert.deepEqual((await place.json<{ failed: unknown[] }>(['verify', barcode])).failed, [], barcode);
  const restored = join(place.folder, 'restored');
  await place.json(['restore', 'run', place.source, '--to', restored]);
  assert.deepEqual((await compareFolders(place.source, join(restored, place.source))).differences, []);

  const { segments } = await place.json<Shown>(['backup', 'show', run.dataSet]);
  const tapeFiles = segments.flatMap(({ copies }) => copies);
  assert.deepEqual([...new Set(tapeFiles.map(({ cartridge }) => cartridge))], used);
  const volumes = await volumesOf(place, used);
  assert.deepEqual(await tapeFilesFound(place, volumes), new Set(tapeFiles.map(keyOf)));
  const byHand = await restoredByHand(place, { dataSet: run.dataSet, tapeFiles, volumes });
  assert.deepEqual((await compareFolders(place.source, join(byHand, place.source))).differences, []);
});

/** Bytes of a tape file, from its K-th block on. */
async function read(place: TgtWorkplace, { cartridge, tapeFile }: TapeFile, skip: number): Promise<Buffer> {
  const out = join(place.folder, `${cartridge}-${tapeFile}-${skip}`);
  await place.json(['cartridge', 'read', cartridge, '--file', `${tapeFile}`, '--skip', `${skip}`, '--out', out]);
  return readFileSync(out);
}

/** Volume by barcode, as the README on each cartridge names them. */
async function volumesOf(place: TgtWorkplace, cartridges: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const volumes = new Map<string, string>();
  for (const cartridge of cartridges) {
    const input = await read(place, { cartridge, tapeFile: 0 }, 1);
    const readme = execFileSync('tar', ['-xO', 'README.txt'], { input, encoding: 'utf8' });
    assert.match(readme, new RegExp(`^Cartridge ${cartridge}$`, 'm'));
    volumes.set(cartridge, /^Volume +(\S+)$/m.exec(readme)?.[1] ?? 'none');
  }
  return volumes;
}

/** Where `find` has the files; it names the volumes that the cartridges' READMEs name. */
async function tapeFilesFound(place: TgtWorkplace, volumes: ReadonlyMap<string, string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const name of names) {
    const { matches } = await place.json<Found>(['find', name]);
    const copies = matches.flatMap((match) => match.copies);
    assert.equal(copies.length, 1, name);
    for (const copy of copies) {
      assert.equal(copy.volume, volumes.get(copy.cartridge), name);
      for (const part of copy.parts ?? [copy]) found.add(keyOf(part));
    }
  }
  return found;
}

interface Written {
  readonly dataSet: string;
  /** In the order of their segments. */
  readonly tapeFiles: readonly TapeFile[];
  readonly volumes: ReadonlyMap<string, string>;
}

/** As the README has it: the first block of a tape file says what it is, and the payloads of all cartridges, one behind the other, are a tar archive. */
async function restoredByHand(place: TgtWorkplace, { dataSet, tapeFiles, volumes }: Written): Promise<string> {
  const payloads: Buffer[] = [];
  for (const [index, tapeFile] of tapeFiles.entries()) {
    const payload = await read(place, tapeFile, 1);
    const whole = await read(place, tapeFile, 0);
    const descriptor = execFileSync('tar', ['-xO'], { input: whole.subarray(0, whole.length - payload.length) });
    const says = JSON.parse(descriptor.toString());
    const expected = ['segment', volumes.get(tapeFile.cartridge), dataSet, index + 1];
    assert.deepEqual([says.kind, says.volume, says.dataSet, says.number], expected);
    payloads.push(payload);
  }
  const folder = join(place.folder, 'by-hand');
  mkdirSync(folder);
  execFileSync('tar', ['-C', folder, '-xpf', '-'], { input: Buffer.concat(payloads) });
  return folder;
}
