import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createExtractor, type WantedVersion } from '#src/archive/extract/extractor';
import type { FailedEntry } from '#src/archive/extract/target-failure';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { TarFile, versionsOf } from '#test/support/tar-streams';
import { compareTrees, makeEveryKindTree, missingForTrees } from '#test/support/trees';

const gnuTar = [
  '--posix',
  '--sparse',
  '--sparse-version=1.0',
  '--xattrs',
  '--xattrs-include=*',
  '--acls',
  '--numeric-owner',
];

describe('a tree of every kind that GNU tar wrote', { skip: missingForTrees() }, () => {
  let folder: string;
  let tar: TarFile;
  let versions: readonly WantedVersion[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'extract-'));
    execFileSync('mkdir', [join(folder, 'tree')]);
    makeEveryKindTree(join(folder, 'tree'));
    execFileSync('tar', [...gnuTar, '-C', folder, '-cf', join(folder, 'archive.tar'), 'tree']);
    tar = new TarFile(join(folder, 'archive.tar'));
    await using stream = tar.stream();
    versions = await versionsOf(stream);
  });
  after(() => {
    tar[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  /** Restores at places in a stream that is cut into segments at multiples of `segmentBytes`. */
  async function restore(to: string, stream: PayloadStream, segmentBytes: number): Promise<void> {
    const failed: FailedEntry[] = [];
    using extractor = createExtractor({ directory: to, overwrite: false, onFailed: (failure) => failed.push(failure) });
    for (const version of versions) {
      const segment = 1 + Math.floor(version.offset / segmentBytes);
      await stream.seek({ segment, offset: version.offset % segmentBytes });
      await extractor.extract(stream, version);
    }
    await extractor.finish();
    assert.deepEqual(failed, []);
    const differences = compareTrees(join(folder, 'tree'), join(to, 'tree'));
    // GNU tar 1.34 does not keep links between fifos.
    assert.deepEqual(
      differences.filter((line) => !line.startsWith('./devices/fifo')),
      [],
    );
  }

  it('is restored the same from one staged segment', async () => {
    await using stream = tar.stream();
    await restore(join(folder, 'a'), stream, Number.MAX_SAFE_INTEGER);
  });

  it('is restored the same from many segments of a tape, members lying across them', async () => {
    const segmentBytes = 11 * 512;
    const cuts = Array.from({ length: tar.sizeBytes / segmentBytes - 1 }, (_, index) => (index + 1) * segmentBytes);
    await using stream = tar.stream(cuts, 'sequential');
    await restore(join(folder, 'b'), stream, segmentBytes);
  });
});
