import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { createExtractor, type Extracted, type WantedVersion } from '#src/archive/extract/extractor';
import type { FailedEntry } from '#src/archive/extract/target-failure';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { EntryType } from '#src/catalog/files';
import { fileMember, headerBlock } from '#test/support/tar-bytes';
import { streamOf } from '#test/support/tar-streams';

export const root = process.getuid?.() === 0;
export const asRoot = { skip: !root && 'needs root' };

/** Of the case that runs: made before it, looked at and removed after it. */
export let folder: string;
export let to: string;
export let outside: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'extractor-'));
  to = join(folder, 'to');
  outside = join(folder, 'outside');
  mkdirSync(to);
  mkdirSync(outside);
  writeFileSync(join(outside, 'precious'), 'precious');
});
afterEach(() => {
  // Whatever a case did, nothing came out of the directory.
  assert.deepEqual(readdirSync(outside), ['precious']);
  assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'precious');
  const left = execFileSync('find', [to, '-name', '.grandsire-*'], { encoding: 'utf8' });
  assert.equal(left, '', 'temporary names are left');
  execFileSync('chmod', ['-R', 'u+rwx', folder]);
  rmSync(folder, { recursive: true });
});

interface Restored extends Extracted {
  readonly failed: readonly FailedEntry[];
  readonly codes: readonly string[];
}

interface RestoreOptions {
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
}

/** Restores each version from a stream of its own. */
export async function restore(
  pairs: readonly (readonly [PayloadStream, WantedVersion])[],
  { overwrite = false, signal }: RestoreOptions = {},
): Promise<Restored> {
  const failed: FailedEntry[] = [];
  const options = { directory: to, overwrite, onFailed: (failure: FailedEntry) => failed.push(failure) };
  using extractor = createExtractor(signal === undefined ? options : { ...options, signal });
  let [files, bytes] = [0, 0];
  for (const [stream, version] of pairs) {
    const done = await extractor.extract(stream, version);
    files += done.files;
    bytes += done.bytes;
  }
  await extractor.finish();
  return { files, bytes, failed, codes: failed.map(({ code }) => code) };
}

export const sha256 = (content: string | Buffer): Buffer => createHash('sha256').update(content).digest();

export function version(path: string, type: EntryType = 'file', content = ''): WantedVersion {
  return {
    path: Buffer.from(path),
    dataSet: 1 as DataSetKey,
    type,
    sizeBytes: type === 'file' ? content.length : 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    sha256: type === 'file' ? sha256(content) : undefined,
    flags: 0,
    segment: 1,
    offset: 0,
  };
}

export const file = (path: string, content = 'content'): [PayloadStream, WantedVersion] => [
  streamOf(fileMember(path.slice(1), content)),
  version(path, 'file', content),
];
export const directory = (path: string, mode = '0000755\0'): [PayloadStream, WantedVersion] => [
  streamOf(headerBlock({ name: `${path.slice(1)}/`, typeFlag: '5', mode, mtime: '00000000007\0' })),
  version(path, 'directory'),
];
export const symlink = (path: string, linkName: string): [PayloadStream, WantedVersion] => [
  streamOf(headerBlock({ name: path.slice(1), typeFlag: '2', linkName })),
  version(path, 'symlink'),
];
