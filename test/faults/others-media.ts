import assert from 'node:assert/strict';
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseVirtualSettings } from '#drivers/virtual/config';
import { driver } from '#drivers/virtual/driver';
import { type Instant, instant } from '#src/base/clock';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { bytesAre } from '#test/faults/element-edits';
import {
  always,
  check,
  type LibraryBench,
  type LibraryBenchOptions,
  onBench,
  operation,
} from '#test/faults/library-bench';
import type { Scenario } from '#test/faults/scenario';
import { cutInside } from '#test/jobs/image-damage';
import { testSettingsPlace } from '#test/support/virtual-library';

const twoWeeks = 15 * 86_400_000;

export function later(bench: LibraryBench, milliseconds: number): void {
  const { clock } = bench.here;
  clock.set(instant(clock.now() + milliseconds) as Instant);
}

const take = (bench: LibraryBench, barcode: string): void =>
  bench.here.device.editCartridge(barcode, { place: 'outside', seat: undefined });

/** Loads of a drive that the robot made since the last mark. */
export const loads = (bench: LibraryBench): number =>
  bench.sent(operation.move, 'changer').filter(({ cdb, result }) => cdb[6] === 0x01 && result?.status === 0).length;

/** The program finds the tape drives in the opposite order of their places. */
function turnedAround(drives: number): NonNullable<LibraryBenchOptions['wire']> {
  return (transport, unit) => {
    if (unit === 'changer') return undefined;
    const path = /^virtual:(.*) drive \d+$/.exec(transport.address)?.[1];
    const settings = parseVirtualSettings(
      { path, drives, slots: 6, mailSlots: 2, cartridgeCapacity: '16MiB' },
      testSettingsPlace,
    );
    const opened = driver.openUnits(settings).then(async (source) => {
      const other = (await source.discover())[drives + 1 - unit];
      if (!other) throw new RangeError(`no drive ${unit}`);
      return { source, transport: await source.open(other) };
    });
    return {
      address: transport.address,
      maxTransferBytes: transport.maxTransferBytes,
      execute: async (...command) => (await opened).transport.execute(...command),
      [Symbol.asyncDispose]: async () => {
        await (await opened).source[Symbol.asyncDispose]();
        await transport[Symbol.asyncDispose]();
      },
    } satisfies ScsiTransport;
  };
}

export const media: readonly Scenario[] = [
  {
    name: 'Bareos #2002: the blocks that the catalog announces on the second cartridge are not there',
    injected: 'The image of the second cartridge ends in the middle of a segment',
    outcome:
      'What is not there is named, file by file; all the rest comes back. The next run does not build on that cartridge, and what it writes can be restored.',
    messages: [
      'cartridge G00002L9 (main/slot:2), tape file …: object … cannot be reached: end-of-data',
      '…: cartridge G00002L9 (main/slot:2), tape file …: object … cannot be reached: end-of-data',
      'cartridge G00002L9 (main/slot:2) cannot be positioned to object …: end-of-data; the run goes on with the next cartridge. Nothing was written. See what is on it: grandsire verify G00002L9.',
    ],
    run: onBench(
      async (bench) => {
        for (let n = 0; n < 8; n += 1) bench.change(1_000_000);
        const { cartridges } = await bench.ends(0, 'backup', 'run', 'home', '--level', 'full');
        assert.ok(cartridges.length >= 2, String(cartridges));
        bench.release();
        cutInside(bench.here.device.imagePath(cartridges[1]), 10);
        await bench.ends(1, 'verify', cartridges[1]);
        const { source, folder } = bench.here;
        const { files, failed } = await bench.ends(3, 'restore', 'run', source, '--to', join(folder, 'back'));
        const back = readdirSync(join(folder, 'back', source));
        assert.equal(back.length, readdirSync(source).length - failed.length);
        assert.ok(failed.length > 0 && files > failed.length);
        bench.change();
        bench.keep(await bench.ends(3, 'backup', 'run', 'home', '--level', 'full'));
        await bench.settle();
      },
      { capacity: '6MiB', cartridges: ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9', 'G00006L9'] },
    ),
  },
  {
    name: 'Proxmox 3.1.3: two cartridges with the same printed label',
    injected: 'The barcode of the second cartridge reads as that of the first',
    outcome:
      'Both are named. A command by barcode is refused, one by place is not; a run writes to the one that it knows, after it has compared the label.',
    messages: [
      'G00002L9 is no longer in main; it was last seen in main/slot:2',
      'G00001L9 is on 2 cartridges: main/slot:1, main/slot:2',
      '2 cartridges carry the barcode G00001L9: main/slot:1 and main/slot:2\nName the place instead: main/slot:1. Then give one of them another barcode.',
      'G00001L9 is no longer in main; it was last seen in main/slot:2',
    ],
    run: onBench(async (bench) => {
      bench.here.device.editCartridge('G00002L9', { label: 'G00001L9' });
      await bench.ends(3, 'library', 'inventory');
      await bench.fails(6, 'cartridge.ambiguous', 'drive', 'load', 'G00001L9');
      await bench.ends(3, 'cartridge', 'identify', 'main/slot:2');
      const second = bench.sum('G00002L9');
      const { cartridges } = await bench.backup({ ends: 3 });
      assert.deepEqual(cartridges, ['G00001L9']);
      assert.equal(bench.sum('G00002L9'), second);
      bench.here.device.editCartridge('G00002L9', { label: undefined });
      await bench.ends(3, 'library', 'inventory');
      await bench.settle();
    }),
  },
  {
    name: 'yatm #12: a known barcode is labelled again',
    injected: '`cartridge label` of a cartridge with a protected backup, with `--yes`',
    outcome: 'The catalog is asked first: the cartridge is not even loaded, and not a byte of it changed.',
    messages: [
      'cartridge G00001L9 (main/slot:1) is protected until 2026-12-07 (UTC): data set … on it\nUse another cartridge: "grandsire cartridge list" shows which are free.',
    ],
    run: onBench(async (bench) => {
      bench.mark();
      const { labelled } = await bench.ends(6, 'cartridge', 'label', 'G00001L9', '--yes');
      assert.deepEqual([labelled, bench.moves], [[], 0]);
      await bench.settle();
    }),
  },
  {
    name: 'Bareos #2014, #2655: the cartridge that could be recycled is not in the changer',
    injected: 'The cartridge whose protection is over was taken out of the library',
    outcome:
      'A run takes one that is there; where none is, it ends (4) and says what is needed, and does not wait for the one that is away.',
    messages: [
      'G00001L9 is no longer in main; it was last seen in main/slot:1',
      'warning: G00002L9 is no longer in main; it was last seen in main/slot:2 (cartridge.vanished)',
      'warning: G00003L9 is no longer in main; it was last seen in main/slot:3 (cartridge.vanished)',
      'warning: G00002L9 is not in library main; the run goes on with the next cartridge. Put G00002L9 into a mail slot and run `grandsire library import`, then the command again. (cartridge.not-in-library)',
      'no cartridge in library main can be written for pool daily; 1 segment of … stays staged; passed over: G00002L9 (cartridge.not-in-library)\nPut blank cartridges in and label them ("grandsire cartridge label --all-blank"), then run "grandsire staging flush". What is staged can be restored meanwhile.',
    ],
    run: onBench(async (bench) => {
      later(bench, twoWeeks);
      bench.release();
      take(bench, 'G00001L9');
      const { dataSet, cartridges } = await bench.backup({ ends: 3 });
      assert.deepEqual(cartridges, ['G00002L9']);
      for (const barcode of ['G00002L9', 'G00003L9']) take(bench, barcode);
      bench.change();
      await bench.fails(4, 'cartridge.none-suitable', 'backup', 'run', 'home');
      for (const number of [1, 2, 3]) bench.here.device.editCartridge(`G0000${number}L9`, { place: `slot:${number}` });
      await bench.ends(0, 'library', 'inventory');
      await bench.ends(0, 'staging', 'flush');
      // What was staged stands behind it now.
      bench.keep({ dataSet, cartridges });
      await bench.settle();
    }),
  },
  {
    name: 'Bareos #1804: the label fails on the device, and the catalog has the row',
    injected: 'Drive, WRITE: MEDIUM ERROR 0C/00, at the label',
    outcome:
      'The catalog has the intent, and no volume that anything is written to. Labelled again, the cartridge is a volume.',
    messages: [
      'cartridge G00002L9 (main/slot:2) could not be labelled: medium error: write error (3/0C/00)\nClean the drive and try once more: grandsire cartridge label G00002L9; if it fails again, retire the cartridge.',
    ],
    run: onBench(async (bench) => {
      bench.plant(1, { when: 0x0a, ...always, action: check(0x3, 0x0c, 0x00) });
      await bench.ends(1, 'cartridge', 'label', 'G00002L9');
      bench.heal();
      assert.equal((await bench.ends(0, 'cartridge', 'identify', 'G00002L9')).kind, 'blank');
      await bench.ends(0, 'cartridge', 'label', 'G00002L9');
      assert.equal((await bench.ends(0, 'cartridge', 'identify', 'G00002L9')).kind, 'ours');
      await bench.settle();
    }),
  },
  {
    name: 'Amanda #236: the first drive of the changer is the sixth tape node',
    injected: 'Six drives, which the program finds in the opposite order of their places',
    outcome: 'Each is known by its serial number; a cartridge is written in the drive into which the robot put it.',
    messages: [],
    run: onBench(
      async (bench) => {
        const { serial } = bench.here.device.readState();
        for (const drive of [1, 4, 6]) {
          const loaded = await bench.ends(0, 'drive', 'load', 'G00002L9', '--drive', String(drive));
          assert.equal(loaded.serial, `${serial}D${drive}`);
          await bench.ends(0, 'drive', 'unload');
        }
        await bench.backup();
        await bench.settle();
      },
      { drives: 6, wire: turnedAround(6) },
    ),
  },
  {
    name: 'Proxmox: a library that sends another amount of data than it announces',
    injected:
      'Changer, READ ELEMENT STATUS: 500 bytes more than there are, and counts of 1 element and 8 bytes in the header',
    outcome: 'The bytes that came are believed, up to where they make sense.',
    messages: [],
    run: onBench(async (bench) => {
      const edit = (bytes: Uint8Array): Uint8Array => {
        const other = Buffer.concat([bytes, Buffer.alloc(500, 0xa5)]);
        other.writeUInt16BE(1, 2);
        other.writeUIntBE(8, 5, 3);
        return other;
      };
      for (const type of ['transport', 'storage', 'importExport', 'drive'] as const)
        bench.plant('changer', bytesAre(type, edit));
      await bench.ends(0, 'library', 'inventory');
      await bench.backup();
      await bench.settle();
      const { cartridges } = await bench.ends(0, 'cartridge', 'list');
      assert.equal(cartridges.length, 3);
    }),
  },
  {
    name: 'Bareos manual: a door is opened and a magazine exchanged before the cartridge is loaded',
    injected:
      'Hands, when the robot is to fetch the cartridge of the run: it lies in another slot; UNIT ATTENTION 28/00',
    outcome: 'The library is looked into, the cartridge is found in its new place, and the run goes on.',
    messages: [],
    run: onBench(async (bench) => {
      const exchange = (): void => {
        bench.here.device.editCartridge('G00001L9', { place: 'slot:6' });
        bench.here.device.editCartridge('G00002L9', { place: 'slot:1' });
      };
      const run = () => {
        exchange();
        return {
          status: 0x02,
          sense: Uint8Array.of(0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0, 0, 0, 0, 0),
          transferredBytes: 0,
        };
      };
      bench.plant('changer', { when: operation.move, action: { kind: 'instead', act: async () => run() } });
      const { cartridges } = await bench.backup();
      assert.deepEqual(cartridges, ['G00001L9']);
      assert.deepEqual([bench.lies('G00001L9'), bench.lies('G00002L9')], ['slot:6', 'slot:1']);
      await bench.settle();
    }),
  },
  {
    name: 'Amanda #179: a wrong cartridge is loaded and ejected for ever',
    injected: 'Under the barcode that the run asks for lies a cartridge that carries another volume',
    outcome:
      'It is loaded once, named, and not written to; the run goes on with the next one. The run after it does not load it.',
    messages: [
      'warning: G00003L9 is no longer in main; it was last seen in main/slot:3 (cartridge.vanished)',
      'warning: volume … is on cartridge G00001L9 (main/slot:1) and on cartridge G00002L9 (main/slot:2): neither is written to; the run goes on with the next cartridge. Put the right cartridges under the right barcodes, or take the copy (G00001L9, if it is that one) out of the library. Then have both looked at: grandsire cartridge identify G00001L9, and then grandsire cartridge identify G00002L9. (cartridge.wrong-volume)',
      'no cartridge in library main can be written for pool daily; 1 segment of … stays staged; passed over: G00001L9 (cartridge.wrong-volume)\nPut blank cartridges in and label them ("grandsire cartridge label --all-blank"), then run "grandsire staging flush". What is staged can be restored meanwhile.',
      'warning: … is still only in staging: no cartridge in library main can be written for pool daily; 1 segment of … stays staged (cartridge.none-suitable)',
      'no cartridge in library main can be written for pool daily; 1 segment of … stays staged\nPut blank cartridges in and label them ("grandsire cartridge label --all-blank"), then run "grandsire staging flush". What is staged can be restored meanwhile.',
    ],
    run: onBench(async (bench) => {
      await bench.ends(0, 'cartridge', 'label', 'G00002L9', '--pool', 'daily');
      // The cartridge of the last run is away; another is in its place.
      take(bench, 'G00003L9');
      const away = join(bench.here.folder, 'away');
      copyFileSync(bench.here.device.imagePath('G00001L9'), away);
      copyFileSync(bench.here.device.imagePath('G00002L9'), bench.here.device.imagePath('G00001L9'));
      const wrong = bench.sum('G00001L9');
      bench.change();
      bench.mark();
      await bench.fails(4, 'cartridge.none-suitable', 'backup', 'run', 'home');
      assert.deepEqual([loads(bench), bench.sum('G00001L9')], [1, wrong]);
      bench.mark();
      bench.change();
      await bench.fails(4, 'cartridge.none-suitable', 'backup', 'run', 'home');
      assert.equal(loads(bench), 0);
      copyFileSync(away, bench.here.device.imagePath('G00001L9'));
      for (const barcode of ['G00001L9', 'G00002L9']) await bench.ends(0, 'cartridge', 'identify', barcode);
      await bench.settle();
    }),
  },
];
