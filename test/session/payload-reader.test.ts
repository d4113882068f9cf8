import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { xxh64 } from '#src/base/xxh64';
import type { WriteOutcome } from '#src/device/tape-drive';
import { PayloadReader } from '#src/session/payload-reader';
import type { PayloadSource } from '#src/session/tape-file-source';
import { type TapeFileWriting, writeTapeFile } from '#src/session/write-tape-file';

const mib = 2 ** 20;
const pieceBytes = 2 * mib;
/** Long enough for the thread, and ending inside a piece. */
const payloadBytes = 66 * mib + 12_345;

interface Payload {
  readonly path: string;
  readonly expected: { readonly payloadBytes: number; readonly payloadXxh64: string };
  readonly sha512: string;
}

let folder: string;
let one: Payload;
let two: Payload;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'grandsire-payloads-'));
  [one, two] = [makePayload('one'), makePayload('two')];
});

after(() => rmSync(folder, { recursive: true }));

/** Mostly hole, so that it costs no disk; each MiB begins with its own number. */
function makePayload(name: string): Payload {
  const path = join(folder, name);
  const fd = openSync(path, 'w');
  ftruncateSync(fd, payloadBytes);
  for (let at = 0; at < payloadBytes; at += mib) writeSync(fd, `${name} ${at}`, at);
  closeSync(fd);
  const bytes = readFileSync(path);
  const sha512 = createHash('sha512').update(bytes).digest('hex');
  return { path, expected: { payloadBytes, payloadXxh64: xxh64(bytes) }, sha512 };
}

/** Slower than the thread: had it no regard for the piece in use, it would be overwritten before it is digested. */
async function digestOf(source: PayloadSource): Promise<{ readonly sha512: string; readonly lengths: Set<number> }> {
  const hash = createHash('sha512');
  const lengths = new Set<number>();
  for await (const piece of source.pieces(pieceBytes)) {
    hash.update(piece);
    lengths.add(piece.length);
  }
  return { sha512: hash.digest('hex'), lengths };
}

async function assertServes(reader: PayloadReader, { path, expected, sha512 }: Payload): Promise<void> {
  using source = reader.open(path, expected);
  assert.equal((await digestOf(source)).sha512, sha512);
}

describe('a reader of payloads', () => {
  it('hands over the bytes of one file after the other, in pieces of one length but the last', async () => {
    await using reader = new PayloadReader();
    for (const { path, expected, sha512 } of [one, two]) {
      using source = reader.open(path, expected);
      assert.deepEqual(await digestOf(source), { sha512, lengths: new Set([pieceBytes, 12_345]) });
    }
  });

  it('says where a file ends that is too short, and serves the next', async () => {
    await using reader = new PayloadReader();
    const path = join(folder, 'short');
    const fd = openSync(path, 'w');
    ftruncateSync(fd, 65 * mib);
    closeSync(fd);
    using source = reader.open(path, one.expected);
    const message = new RegExp(`it ends at byte ${65 * mib} of ${payloadBytes}`);
    await assert.rejects(digestOf(source), { code: 'staging.unreadable', message });
    await assertServes(reader, two);
  });

  it('names a file that the disk does not give, and serves the next', async () => {
    await using reader = new PayloadReader();
    // A directory can be opened; reading it fails.
    using source = reader.open(folder, one.expected);
    await assert.rejects(digestOf(source), { code: 'staging.unreadable', message: /EISDIR/ });
    await assertServes(reader, two);
    assert.throws(() => reader.open(join(folder, 'nowhere'), one.expected), { code: 'staging.unreadable' });
  });
});

interface Recorded {
  readonly drive: TapeFileWriting['drive'];
  readonly hash: ReturnType<typeof createHash>;
  blocks: number;
  filemarks: number;
}

/** A drive that takes everything, digests what follows the descriptor, and answers the n-th call with what `answer` says. */
function recordingDrive(answer: (call: number) => WriteOutcome = () => ({ kind: 'written' })): Recorded {
  let calls = 0;
  const recorded: Recorded = {
    hash: createHash('sha512'),
    blocks: 0,
    filemarks: 0,
    drive: {
      capabilities: { knowsPosition: true },
      async position() {
        const block = BigInt(recorded.blocks + recorded.filemarks);
        return { block, beginningOfMedium: block === 0n, confirmedByDrive: true };
      },
      async writeBlocks(blocks) {
        for (const block of recorded.blocks === 0 ? [] : blocks) recorded.hash.update(block);
        recorded.blocks += blocks.length;
        calls += 1;
        return answer(calls);
      },
      async writeFilemarks(count) {
        recorded.filemarks += count;
        return { kind: 'written' };
      },
    },
  };
  return recorded;
}

async function write(reader: PayloadReader, { path, expected }: Payload, recorded: Recorded, signal?: AbortSignal) {
  using payload = reader.open(path, expected);
  return await writeTapeFile({
    drive: recorded.drive,
    descriptor: new Uint8Array(512),
    payload,
    block: 0,
    blockSizeBytes: 512 * 1024,
    throughEarlyWarning: false,
    signal,
  });
}

describe('a tape file written from a reader of payloads', () => {
  it('is the file, in blocks, and a filemark', async () => {
    await using reader = new PayloadReader();
    const recorded = recordingDrive();
    const blocks = 1 + Math.ceil(payloadBytes / (512 * 1024));
    assert.deepEqual(await write(reader, one, recorded), { kind: 'complete', blocks, earlyWarning: false });
    assert.deepEqual([recorded.blocks, recorded.filemarks], [blocks, 1]);
    assert.equal(recorded.hash.digest('hex'), one.sha512);
  });

  it('gets no filemark where the bytes are others than those that were staged', async () => {
    await using reader = new PayloadReader();
    const recorded = recordingDrive();
    const writing = write(reader, { ...one, expected: two.expected }, recorded);
    await assert.rejects(writing, { code: 'staging.unreadable', message: /its XXH64 is/ });
    assert.equal(recorded.filemarks, 0);
    await assertServes(reader, two);
  });

  it('is left off at early warning and at a signal, and the reader serves the next', async () => {
    await using reader = new PayloadReader();
    const near = recordingDrive((call) => ({ kind: call === 4 ? 'early-warning' : 'written' }));
    assert.deepEqual(await write(reader, one, near), { kind: 'no-room' });
    const stop = new AbortController();
    const interrupted = recordingDrive((call) => {
      if (call === 4) stop.abort(new RangeError('stopped'));
      return { kind: 'written' };
    });
    await assert.rejects(write(reader, one, interrupted, stop.signal), { message: 'stopped' });
    assert.ok(near.blocks < 40 && interrupted.blocks < 40);
    assert.equal(near.filemarks + interrupted.filemarks, 0);
    await assertServes(reader, two);
  });
});
