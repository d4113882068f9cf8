import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import { DeviceError } from '#src/base/errors';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { ScsiResult, ScsiTransport } from '#src/device/scsi-transport';
import type { TapeDrive } from '#src/device/tape-drive';
import { WatchedDrive } from '#src/library/watchdog/watched-drive';
import { labelCartridge } from '#src/session/label-session';
import { openReadSession, type ReadSession } from '#src/session/read-session';
import { openWriteSession } from '#src/session/write-session';
import { addDataSet } from '#test/catalog/engines';
import { segmentOf, stage, withBench } from '#test/session/session-bench';
import { benchMount } from '#test/support/bench-mount';
import { InterposedTransport, type Interposition } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

/*
 * What a reading session hands out while several READs are on their way and the drive answers them as it likes: the bytes of the tape file, in their order, from where it was asked
 * to; and when the session lets go nothing is on its way any more.
 */

const blockBytes = 512 * 1024;
const read6 = 0x08;
const faults = ['none', 'busy', 'harmless', 'reset', 'medium-error', 'filemark', 'time-out'] as const;
type Fault = (typeof faults)[number];

const check = (sense: Uint8Array): ScsiResult => ({ status: 0x02, sense, transferredBytes: 0 });

/** Has READs carried out one after the other, each some turns of the event loop later, with the faults that are due. */
class UnsteadyReads {
  faults: Fault[] = [];
  delays: number[] = [];
  underWay = 0;
  #last: Promise<unknown> = Promise.resolve();

  readonly act: Interposition = (pass) => {
    const [fault, delay] = [this.faults.shift(), this.delays.shift() ?? 0];
    this.underWay += 1;
    const answer = this.#last.then(async () => {
      await turns(delay);
      return faultyAnswer(fault) ?? (await pass());
    });
    this.#last = answer.catch(() => undefined);
    return answer.finally(() => {
      this.underWay -= 1;
    });
  };
}

function faultyAnswer(fault: Fault | undefined): ScsiResult | undefined {
  switch (fault) {
    case 'busy':
      return { status: 0x08, sense: new Uint8Array(0), transferredBytes: 0 };
    case 'harmless':
      return check(fixedSense(6, 0x2a, 0x02));
    case 'reset':
      return check(fixedSense(6, 0x29, 0x00));
    case 'medium-error':
      return check(fixedSense(3, 0x11, 0x00));
    case 'filemark': {
      const sense = fixedSense(0, 0x00, 0x01);
      sense[2] = 0x80;
      return check(sense);
    }
    case 'time-out':
      throw new DeviceError('device.time-out', { message: 'no answer', remedy: 'none', usable: true });
    default:
      return undefined;
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface Station {
  readonly transport: ScsiTransport;
  readonly reads: UnsteadyReads;
  readonly drive: TapeDrive;
  readonly payload: Buffer;
  readonly copy: TapeFileRecord;
  open(drive: TapeDrive, signal?: AbortSignal): Promise<ReadSession>;
}

/** A tape file of nine whole blocks and a short one. */
async function withTapeFile(work: (station: Station) => Promise<void>): Promise<void> {
  await withBench('32MiB', async ({ library, catalog, clock, cartridge: add }) => {
    const ports = { repositories: catalog, clock };
    const [cartridge, dataSet] = [await add('G00001L9'), await addDataSet(catalog)];
    const reads = new UnsteadyReads();
    let transport: ScsiTransport | undefined;
    const wrap = (inner: ScsiTransport): ScsiTransport => {
      transport = new InterposedTransport(inner).always(read6, reads.act);
      return transport;
    };
    const mount = benchMount(library, { wrap, pause: noPause });
    await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
    const { drive } = mounted;
    const volume = await labelCartridge({ ...ports, ...mounted, cartridge });
    assert.equal(volume.blockSizeBytes, blockBytes);
    const payload = randomBytes(9 * blockBytes + 5);
    const writing = await openWriteSession({ ...ports, drive, cartridge, volume });
    await stage(catalog, dataSet, 1, payload);
    await writing.append(segmentOf(writing, 1, payload, dataSet));
    const [copy] = await catalog.tapeFiles.copiesOf(dataSet.key);
    assert.ok(copy && transport);
    const open = (through: TapeDrive, signal?: AbortSignal) =>
      openReadSession({ drive: through, cartridge, volume, signal });
    await work({ transport, reads, drive, payload, copy, open });
  });
}

const anyFault = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fault>('none') },
  { weight: 2, arbitrary: fc.constantFrom<Fault>('busy', 'harmless') },
  fc.constantFrom(...faults),
);
const noPause = async (): Promise<void> => undefined;
const noAlarm = () => ({ cancel: () => undefined });

test('whatever READs are answered with, the bytes that come are those of the tape file, in their order', async () => {
  await withTapeFile(async ({ transport, reads, payload, copy, open }) => {
    const run = fc.record({
      faults: fc.array(anyFault, {
        maxLength: 14,
      }),
      delays: fc.array(fc.nat(3), { maxLength: 20 }),
      from: fc.constantFrom(0, 5, 3 * blockBytes + 7),
      leaveAfter: fc.option(fc.nat(9), { nil: undefined }),
      isWatched: fc.boolean(),
    });
    const property = fc.asyncProperty(run, async ({ faults: due, delays, from, leaveAfter, isWatched }) => {
      // A drive that was busy once is asked for one block at a time from then on.
      const drive = await openTapeDrive(transport, { pause: noPause });
      const session = await open(isWatched ? new WatchedDrive(drive, noAlarm) : drive);
      reads.faults = [...due];
      reads.delays = [...delays];
      let [at, chunks, isWhole] = [from, 0, true];
      try {
        for await (const chunk of session.payload(copy, from)) {
          await turns(chunks % 3);
          assert.ok(chunk.equals(payload.subarray(at, at + chunk.length)), `wrong bytes at ${at}`);
          at += chunk.length;
          if (chunks === leaveAfter) {
            isWhole = false;
            break;
          }
          chunks += 1;
        }
      } catch (cause) {
        if (!(cause instanceof Error) || !('code' in cause) || cause.code === 'ERR_ASSERTION') throw cause;
        isWhole = false;
      }
      reads.faults = [];
      assert.equal(reads.underWay, 0, 'commands are under way after the end');
      if (isWhole) assert.equal(at, payload.length);
    });
    await fc.assert(property, { numRuns: 400 });
  });
});

test('leaves nothing on the signal of a long job', async () => {
  await withTapeFile(async ({ drive, copy, open }) => {
    const { signal } = new AbortController();
    const session = await open(new WatchedDrive(drive, noAlarm), signal);
    for (let round = 0; round < 5; round += 1) {
      for await (const _ of session.payload(copy));
    }
    assert.ok(getEventListeners(signal, 'abort').length <= 2);
  });
});
