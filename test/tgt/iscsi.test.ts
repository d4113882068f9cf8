import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseIscsiSettings } from '#drivers/iscsi/config';
import { driver } from '#drivers/iscsi/driver';
import { seconds } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import type { UnitSource } from '#src/device/driver';
import type { DataPhase, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';
import { failureOf } from '#test/drivers/iscsi/initiator';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary, type TgtLibraryOptions } from '#test/rig/tgt-library';
import { testSettingsPlace } from '#test/support/virtual-library';

const skip = skipWithout(tgtTools);
const timeout = seconds(30);
const none = { direction: 'none' } as const;
const ours = { user: 'grandsire', secret: 'correct-horse-12' };
const mutual = { user: 'library', secret: 'battery-staple-34' };
const testUnitReady = Buffer.alloc(6);

const folder = mkdtempSync(join(tmpdir(), 'grandsire-chap-'));
after(() => rmSync(folder, { recursive: true }));
const secretFile = (name: string, secret: string): string => {
  const path = join(folder, name);
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  return path;
};

function open(library: TgtLibrary, settings: Readonly<Record<string, unknown>> = {}): Promise<UnitSource> {
  const { portal, target } = library;
  return driver.openUnits(parseIscsiSettings({ portal, target, ...settings }, testSettingsPlace));
}

async function unitOf(source: UnitSource, kind: 'changer' | 'tape', number = 1): Promise<ScsiTransport> {
  const found = (await source.discover()).filter((unit) => unit.kind === kind)[number - 1];
  assert.ok(found, `no ${kind} ${number}`);
  return await source.open(found);
}

/** Through unit attentions. */
async function send(unit: ScsiTransport, cdb: string | Buffer, data: DataPhase = none): Promise<ScsiResult> {
  for (let attempt = 0; ; attempt++) {
    const bytes = typeof cdb === 'string' ? Buffer.from(cdb.replaceAll(' ', ''), 'hex') : cdb;
    const result = await unit.execute(bytes, data, { timeout });
    if (result.status !== 2 || (result.sense[2] ?? 0) % 16 !== 6 || attempt === 5) return result;
  }
}

/** MOVE MEDIUM from a slot into a drive. */
async function load(library: TgtLibrary, source: UnitSource, number: number): Promise<ScsiTransport> {
  const cdb = Buffer.alloc(12);
  cdb[0] = 0xa5;
  cdb.writeUInt16BE(1, 2);
  cdb.writeUInt16BE(library.slot(number), 4);
  cdb.writeUInt16BE(library.drive(number), 6);
  const moved = await send(await unitOf(source, 'changer'), cdb);
  assert.equal(moved.status, 0, Buffer.from(moved.sense).toString('hex'));
  const drive = await unitOf(source, 'tape', number);
  assert.equal((await send(drive, testUnitReady)).status, 0);
  return drive;
}

const block = (seed: number): Buffer => Buffer.alloc(262_144, seed);
const write = (bytes: Buffer): readonly [string, DataPhase] => [
  '0a 00 04 00 00 00',
  { direction: 'out', data: [bytes] },
];

/** Four writes in flight at any time; how each of them ended. */
async function writeUntilLost(drive: ScsiTransport, endings: string[]): Promise<void> {
  for (let seed = 0; !endings.includes('device.unreachable'); seed++) {
    const writes = [1, 2, 3, 4].map((number) =>
      drive.execute(Buffer.from('0a0004000000', 'hex'), write(block(seed + number))[1], { timeout }).then(
        ({ status }) => `status ${status}`,
        (cause: unknown) => (cause instanceof DeviceError ? cause.code : String(cause)),
      ),
    );
    endings.push(...(await Promise.all(writes)));
  }
}

async function withLibrary(options: TgtLibraryOptions, work: (library: TgtLibrary) => Promise<void>): Promise<void> {
  await using library = await TgtLibrary.start({ drives: 2, slots: 4, mailSlots: 0, ...options });
  await work(library);
}

describe('tgt: CHAP', { skip }, () => {
  it('one way: right, wrong, and none', async () => {
    await withLibrary({ chap: ours }, async (library) => {
      const chap = { user: ours.user, passwordFile: secretFile('ours', ours.secret) };
      await using source = await open(library, { chap });
      assert.equal((await source.discover()).filter(({ kind }) => kind === 'tape').length, 2);
      const wrong = { ...chap, passwordFile: secretFile('wrong', 'somebody-else-56') };
      for (const settings of [{ chap: wrong }, {}]) {
        const failure = await failureOf(open(library, settings));
        assert.equal(failure.code, 'device.login-refused');
        assert.match(failure.remedy, /chap/);
        assert.ok(!`${failure.stack}`.includes(ours.secret));
      }
    });
  });

  it('mutual: right, and another target than the one that is meant', async () => {
    await withLibrary({ chap: { ...ours, mutual } }, async (library) => {
      const passwordFile = secretFile('ours', ours.secret);
      const theirs = { user: mutual.user, passwordFile: secretFile('theirs', mutual.secret) };
      await using source = await open(library, { chap: { user: ours.user, passwordFile, mutual: theirs } });
      assert.ok((await source.discover()).length > 0);
      for (const changed of [
        { ...theirs, passwordFile: secretFile('wrong', 'somebody-else-56') },
        { ...theirs, user: 'other' },
      ]) {
        const chap = { user: ours.user, passwordFile, mutual: changed };
        const failure = await failureOf(open(library, { chap }));
        assert.match(failure.message, /did not prove who it is/);
      }
    });
  });
});

describe('tgt: digests, two logical units, the end of the daemon', { skip }, () => {
  it('writes and reads with digests of headers and data, on two drives at once', async () => {
    const parameters = { HeaderDigest: 'CRC32C', DataDigest: 'CRC32C' };
    const cartridges = ['A00001L8', 'A00002L8'];
    await withLibrary({ parameters, cartridges }, async (library) => {
      await using source = await open(library, { digests: true });
      const drives = [await load(library, source, 1), await load(library, source, 2)];
      await Promise.all(
        drives.map(async (drive, index) => {
          const results = [1, 2, 3].map((seed) => send(drive, ...write(block(16 * index + seed))));
          for (const { status, transferredBytes } of await Promise.all(results)) {
            assert.deepEqual([status, transferredBytes], [0, 262_144]);
          }
          assert.equal((await send(drive, '10 00 00 00 01 00')).status, 0);
          assert.equal((await send(drive, '01 00 00 00 00 00')).status, 0);
        }),
      );
      const reads = drives.flatMap((drive, index) =>
        [1, 2, 3].map(async (seed) => {
          const buffer = Buffer.alloc(262_144);
          const { status, transferredBytes } = await send(drive, '08 00 04 00 00 00', { direction: 'in', buffer });
          assert.deepEqual([status, transferredBytes], [0, 262_144]);
          assert.ok(buffer.equals(block(16 * index + seed)));
        }),
      );
      await Promise.all(reads);
    });
  });

  it('killed in the middle of writing: the write fails, and after the restart each unit tells of it once', async () => {
    await withLibrary({ cartridges: ['A00001L8'], capacityMiB: 4096 }, async (library) => {
      await using source = await open(library);
      const drive = await load(library, source, 1);
      const other = await unitOf(source, 'tape', 2);
      assert.equal((await send(drive, ...write(block(1)))).status, 0);
      const endings: string[] = [];
      const writing = writeUntilLost(drive, endings);
      while (endings.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await library.kill();
      await writing;
      // What was called without waiting was in flight together, and fails together.
      const firstLost = endings.indexOf('device.unreachable');
      assert.deepEqual([...new Set(endings.slice(0, firstLost))], ['status 0']);
      assert.deepEqual([...new Set(endings.slice(firstLost))], ['device.unreachable']);
      const waiting = drive.execute(testUnitReady, none, { timeout });
      await library.start();
      for (const result of [await waiting, await other.execute(testUnitReady, none, { timeout })]) {
        assert.deepEqual([result.status, (result.sense[2] ?? 0) % 16], [2, 6], 'a unit attention');
      }
      for (const unit of [drive, other]) {
        const { status, sense } = await unit.execute(testUnitReady, none, { timeout });
        assert.ok(status === 0 || (sense[2] ?? 0) % 16 === 2, `${status} ${Buffer.from(sense).toString('hex')}`);
      }
    });
  });
});
