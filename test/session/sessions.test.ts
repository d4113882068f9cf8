import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { xxh64 } from '#src/base/xxh64';
import { labelCartridge } from '#src/session/label-session';
import { openReadSession } from '#src/session/read-session';
import { scanVolume } from '#src/session/scan-volume';
import { memoryPayload } from '#src/session/tape-file-source';
import { openWriteSession } from '#src/session/write-session';
import { addDataSet } from '#test/catalog/engines';
import { segmentOf, stage, withBench } from '#test/session/session-bench';
import { benchMount } from '#test/support/bench-mount';

describe('sessions on the virtual library', () => {
  it('label, append, append again after a dismount, read back, scan', async () => {
    await withBench('64MiB', async ({ library, catalog, clock, cartridge: add }) => {
      const ports = { repositories: catalog, clock };
      const cartridge = await add('G00001L9');
      const dataSet = await addDataSet(catalog);
      const mount = benchMount(library);
      const payloads = [randomBytes(3_000_000), randomBytes(524_288 * 2), randomBytes(5)];
      {
        await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
        const volume = await labelCartridge({ ...ports, ...mounted, cartridge });
        assert.equal(volume.blockSizeBytes, 524_288);
        const session = await openWriteSession({ ...ports, drive: mounted.drive, cartridge, volume });
        for (const number of [1, 2]) {
          const payload = payloads[number - 1] as Buffer;
          await stage(catalog, dataSet, number, payload);
          const outcome = await session.append(segmentOf(session, number, payload, dataSet));
          assert.equal(outcome.kind, 'written');
        }
      }
      const volume = await catalog.volumes.ofCartridge(cartridge.id);
      assert.ok(volume?.state === 'live');
      {
        await using mounted = await mount(cartridge, { purpose: 'test', writing: true });
        const session = await openWriteSession({ ...ports, drive: mounted.drive, cartridge, volume });
        const payload = payloads[2] as Buffer;
        await stage(catalog, dataSet, 3, payload);
        const outcome = await session.append(segmentOf(session, 3, payload, dataSet));
        // Label 2 blocks and its filemark, then 1 + 6 blocks and 1 + 2 blocks, each with a filemark.
        assert.deepEqual(outcome, { kind: 'written', fileNumber: 3, block: 3 + 8 + 4, earlyWarning: false });
      }
      await using mounted = await mount(cartridge, { purpose: 'test', writing: false });
      const session = await openReadSession({ drive: mounted.drive, cartridge, volume });
      for (const copy of await catalog.tapeFiles.copiesOf(dataSet.key)) {
        const chunks: Buffer[] = [];
        for await (const chunk of session.payload(copy, 2)) chunks.push(Buffer.from(chunk));
        assert.deepEqual(Buffer.concat(chunks), payloads[(copy.number as number) - 1]?.subarray(2));
      }
      const scanned: unknown[] = [];
      const { drive } = mounted;
      for await (const file of scanVolume({
        drive,
        volumeId: volume.id,
        blockSizeBytes: 524_288,
        keep: () => undefined,
      })) {
        scanned.push([file.fileNumber, file.block, file.blocks, file.content.kind]);
      }
      assert.deepEqual(scanned, [
        [0, 0, 2, 'whole'],
        [1, 3, 7, 'whole'],
        [2, 11, 3, 'whole'],
        [3, 15, 2, 'whole'],
      ]);
    });
  });

  it('gives a segment up at early warning, and leaves room and place for the index', async () => {
    await withBench('8MiB', async ({ library, catalog, clock, cartridge: add }) => {
      const ports = { repositories: catalog, clock };
      const cartridge = await add('G00001L9');
      const dataSet = await addDataSet(catalog);
      await using mounted = await benchMount(library)(cartridge, { purpose: 'test', writing: true });
      const volume = await labelCartridge({ ...ports, ...mounted, cartridge });
      const session = await openWriteSession({ ...ports, drive: mounted.drive, cartridge, volume });
      const [fits, tooLong] = [randomBytes(4_000_000), randomBytes(6_000_000)];
      await stage(catalog, dataSet, 1, fits);
      await stage(catalog, dataSet, 2, tooLong);
      assert.equal((await session.append(segmentOf(session, 1, fits, dataSet))).kind, 'written');
      assert.equal((await session.append(segmentOf(session, 2, tooLong, dataSet))).kind, 'no-room');
      const index = randomBytes(100_000);
      const outcome = await session.append({
        descriptor: {
          kind: 'index',
          volume: volume.id,
          dataSet: dataSet.id,
          number: 1,
          codecs: ['zstd'],
          payloadBytes: index.length,
          payloadXxh64: xxh64(index),
        },
        dataSet: dataSet.key,
        payload: memoryPayload('index', index, xxh64(index)),
      });
      assert.ok(outcome.kind === 'written' && outcome.fileNumber === 2);
      const files = await catalog.tapeFiles.ofVolume(volume.key);
      assert.deepEqual(
        files.map(({ fileNumber, kind, state }) => [fileNumber, kind, state]),
        [
          [0, 'label', 'written'],
          [1, 'segment', 'written'],
          [2, 'index', 'written'],
        ],
      );
      const segments = await catalog.dataSets.segments(dataSet.key);
      assert.deepEqual(
        segments.map(({ state }) => state),
        ['written', 'staged'],
      );
    });
  });
});
