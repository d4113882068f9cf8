import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { labelCartridge, settleLabelling } from '#src/session/label-session';
import { openWriteSession } from '#src/session/write-session';
import { addDataSet } from '#test/catalog/engines';
import { type Bench, segmentOf, stage, withBench } from '#test/session/session-bench';
import { benchMount } from '#test/support/bench-mount';
import { lessenDrive, withoutPlace } from '#test/support/lesser-drive';

const newer = { code: 'cartridge.newer-than-catalog' };

/** A cartridge whose protection is over; the catalog, and what later became of the cartridge while that catalog was away. */
interface Case {
  readonly what: string;
  /** Segments that both know, and that only the cartridge has. */
  readonly known: number;
  readonly later: number;
  /** The catalog was copied while its journal had the first of the later ones open. */
  readonly open?: boolean;
  /** Done to the image afterwards; `end` is where it ended when the catalog was copied. */
  readonly damage?: (image: string, end: number) => void;
  readonly wrap?: (transport: ScsiTransport) => ScsiTransport;
  readonly refused: object | undefined;
}

const errorWord = Buffer.from([0, 0, 0, 0x80]);
const cut = (image: string, end: number) => truncateSync(image, end + 600_000);
/** In place of the first block behind the end. */
const mediumError = (image: string, end: number) => {
  truncateSync(image, end);
  appendFileSync(image, errorWord);
};
const foreignBlock = (image: string, end: number) => {
  truncateSync(image, end);
  const word = Buffer.from([0, 2, 0, 0]);
  appendFileSync(image, Buffer.concat([word, randomBytes(512), word]));
};
const lostTail = (image: string, end: number) => truncateSync(image, end - 1_500_000);

const cases: readonly Case[] = [
  { what: 'nothing but the label, and nothing behind it', known: 0, later: 0, refused: undefined },
  { what: 'nothing but the label, and a segment behind it', known: 0, later: 1, refused: newer },
  { what: 'nothing behind what is known', known: 2, later: 0, refused: undefined },
  { what: 'a whole segment that it does not know', known: 2, later: 1, refused: newer },
  { what: 'a torn segment that it does not know', known: 1, later: 1, damage: cut, refused: undefined },
  { what: 'a medium error behind what is known', known: 1, later: 1, damage: mediumError, refused: undefined },
  {
    what: 'something behind it that is no tape file',
    known: 1,
    later: 0,
    damage: foreignBlock,
    refused: { code: 'cartridge.contradicts-catalog' },
  },
  { what: 'an end before the last that it knows', known: 1, later: 0, damage: lostTail, refused: undefined },
  { what: 'a whole segment that it has open', known: 1, later: 1, open: true, refused: undefined },
  { what: 'more behind the segment that it has open', known: 1, later: 2, open: true, refused: newer },
  { what: 'more, by a drive without place', known: 1, later: 1, wrap: withoutPlace, refused: newer },
  { what: 'nothing more, by a drive without place', known: 1, later: 0, wrap: withoutPlace, refused: undefined },
  { what: 'more, by a lesser drive', known: 1, later: 1, wrap: lessenDrive, refused: newer },
];

describe('labelling anew by a catalog that finds', () => {
  for (const one of cases) {
    it(`${one.what}: ${one.refused ? 'refused, and nothing is changed' : 'done'}`, async () => {
      await withBench('64MiB', async (bench) => {
        const { cartridge, image, old, end } = await prepare(bench, one);
        one.damage?.(image, end);
        const before = readFileSync(image);
        const relabel = () => labelAgain(bench, { cartridge, old, wrap: one.wrap });
        if (one.refused) {
          await assert.rejects(relabel, one.refused);
          assert.deepEqual(readFileSync(image), before);
          assert.equal((await old.volumes.ofCartridge(cartridge.id))?.state, 'live');
        } else {
          const volume = await relabel();
          assert.notDeepEqual(readFileSync(image), before);
          assert.equal((await old.volumes.ofCartridge(cartridge.id))?.id, volume.id);
        }
        await old[Symbol.asyncDispose]();
      });
    });
  }

  it('an intent that it never saw confirmed, and data behind the label: refused', async () => {
    await withBench('64MiB', async (bench) => {
      const { library, catalog, clock } = bench;
      const cartridge = await bench.cartridge('G00001L9');
      const image = library.imagePath('G00001L9');
      const mount = benchMount(library);
      let old: Catalog | undefined;
      {
        await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
        const { volumes } = catalog;
        const confirm = async (key: Parameters<typeof volumes.confirm>[0]) => {
          old = await copyOf(bench);
          await volumes.confirm(key);
        };
        const repositories = { ...catalog, volumes: { ...volumes, confirm } };
        await labelCartridge({ repositories, clock, ...mounted, cartridge });
      }
      await append(bench, cartridge, [1]);
      const before = readFileSync(image);
      assert.ok(old);
      const session = { repositories: old, clock, cartridge };
      {
        await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
        await assert.rejects(settleLabelling({ ...mounted, ...session }), newer);
      }
      assert.deepEqual(readFileSync(image), before);
      // Without the data it is the label that was cut off.
      writeFileSync(image, before.subarray(0, labelBytes(before)));
      await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
      assert.equal((await settleLabelling({ ...mounted, ...session }))?.state, 'live');
      await old[Symbol.asyncDispose]();
    });
  });
});

async function prepare(bench: Bench, { known, later, open = false }: Case) {
  const { library, catalog, clock } = bench;
  const cartridge = await bench.cartridge('G00001L9');
  const image = library.imagePath('G00001L9');
  {
    await using mounted = await benchMount(library)(cartridge, { purpose: 'test', writing: true });
    await labelCartridge({ repositories: catalog, clock, ...mounted, cartridge });
  }
  const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
  await append(bench, cartridge, numbers(1, known));
  const end = readFileSync(image).length;
  let old = open ? undefined : await copyOf(bench);
  await append(bench, cartridge, numbers(known + 1, later), async () => {
    old ??= await copyOf(bench);
  });
  assert.ok(old);
  return { cartridge, image, old, end };
}

/** The catalog as it is now, apart. */
async function copyOf({ folder, catalog, clock }: Bench): Promise<Catalog> {
  const path = join(folder, 'old.sqlite');
  await catalog.backupTo(path);
  return await openSqliteCatalog({ path, clock });
}

/** `begun`: each is in the journal, and nothing of it is on the medium. */
async function append(
  { library, catalog, clock }: Bench,
  cartridge: CartridgeRecord,
  numbers: readonly number[],
  begun: () => Promise<void> = async () => undefined,
): Promise<void> {
  const volume = await catalog.volumes.ofCartridge(cartridge.id);
  if (!volume || numbers.length === 0) return;
  const dataSet = (await catalog.dataSets.byId(dataSetId)) ?? (await addDataSet(catalog, unprotected));
  await using mounted = await benchMount(library)(cartridge, { purpose: 'test', writing: true });
  const { tapeFiles } = catalog;
  const begin = async (file: Parameters<typeof tapeFiles.begin>[0]) => {
    await tapeFiles.begin(file);
    await begun();
  };
  const repositories = { ...catalog, tapeFiles: { ...tapeFiles, begin } };
  const session = await openWriteSession({ repositories, clock, drive: mounted.drive, cartridge, volume });
  for (const number of numbers) {
    const payload = randomBytes(2_000_000);
    await stage(catalog, dataSet, number, payload);
    assert.equal((await session.append(segmentOf(session, number, payload, dataSet))).kind, 'written');
  }
}

const dataSetId = 'home-20261122T220000Z';
const unprotected = { id: dataSetId, protection: { kind: 'none' as const } };

async function labelAgain(
  { library, clock }: Bench,
  { cartridge, old, wrap }: { cartridge: CartridgeRecord; old: Catalog; wrap: Case['wrap'] },
) {
  const mount = benchMount(library, wrap ? { wrap } : {});
  await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
  return await labelCartridge({ repositories: old, clock, ...mounted, cartridge });
}

/** To behind the filemark of the label: two blocks, each between its lengths, and a word. */
function labelBytes(image: Buffer): number {
  let at = 0;
  for (let blocks = 0; blocks < 2; blocks += 1) {
    const bytes = image.readUInt32LE(at);
    at += 4 + bytes + (bytes % 2) + 4;
  }
  return at + 4;
}
