import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { ByteString } from '#src/archive/byte-string';
import { EntryArchiver } from '#src/archive/entry-archiver';
import type { FileOperations } from '#src/archive/file-operations';
import { emptyFileStat, type FileStat } from '#src/archive/file-stat';
import { type ArchiveWarning, type Pack, PackBuilder } from '#src/archive/pack-builder';
import type { VersionInfo } from '#src/archive/version-rows';
import { instant, ManualClock } from '#src/base/clock';
import { versionFlags } from '#src/catalog/files';

const readAt = instant(1_800_000_000_000);
const old = { mtimeSeconds: 1_700_000_000, ctimeSeconds: 1_700_000_000 };

class SystemError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** One file in memory, and what happens to it while it is read. */
class FakeFile implements FileOperations {
  stat: FileStat;
  content: Buffer;
  /** Called before each read. */
  beforeRead: (position: number) => void = () => undefined;

  constructor(content: Buffer, stat: Partial<FileStat> = {}) {
    this.content = content;
    this.stat = { ...emptyFileStat(), ...old, sizeBytes: content.length, blocks: 1 << 20, ...stat };
  }

  open(): number {
    return 7;
  }

  close(): void {}

  fstat(_fd: number, into: FileStat): void {
    Object.assign(into, this.stat);
  }

  lstat(_path: ByteString, into: FileStat): void {
    Object.assign(into, this.stat);
  }

  read(_fd: number, area: Uint8Array, position: number): number {
    this.beforeRead(position);
    // Short reads happen: the archiver must ask again.
    const part = this.content.subarray(position, position + Math.min(area.length, 100_000));
    area.set(part);
    return part.length;
  }

  seekData(): number | undefined {
    return undefined;
  }

  seekHole(): number | undefined {
    return undefined;
  }

  readLink(): ByteString {
    return 'target';
  }

  attributeNames(): readonly Uint8Array[] {
    return [];
  }

  attribute(): Uint8Array | undefined {
    return undefined;
  }
}

interface Outcome {
  readonly stream: Buffer;
  readonly versions: readonly VersionInfo[];
  readonly warnings: readonly ArchiveWarning[];
}

/** Archives one name through packs of `packBytes`, and one more file behind it, which must come out whole whatever happened before. */
function archiveOne(files: FileOperations, packBytes = 64 * 1024): Outcome {
  const packs: Pack[] = [];
  const parts: Buffer[] = [];
  const builder = new PackBuilder({
    acquire: () => ({ index: 0, bytes: Buffer.alloc(packBytes, 0xee) }),
    submit(pack) {
      packs.push(pack);
      for (const { start, length } of pack.members) {
        parts.push(pack.area?.bytes.subarray(start, start + length) ?? Buffer.alloc(0));
      }
    },
    settle() {},
  });
  const common = { builder, findLink: () => undefined, clock: new ManualClock(readAt), mostHeaderBytes: 1 << 20 };
  builder.beginTask(0);
  new EntryArchiver({ ...common, files }).archive('/d', 'file', true);
  new EntryArchiver({ ...common, files: new FakeFile(Buffer.from('next')) }).archive('/d', 'next', true);
  builder.close();
  builder.endTask();
  const versions = packs.flatMap((pack) => pack.versions);
  return { stream: Buffer.concat(parts), versions, warnings: packs.flatMap((pack) => pack.warnings) };
}

const extractMember = (stream: Buffer, name: string): Buffer =>
  execFileSync('tar', ['-xOf', '-', name], { input: stream, maxBuffer: 1 << 26 });

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 9)) & 0xff));

const flagsOf = (outcome: Outcome): number | undefined => outcome.versions.find(({ name }) => name === 'file')?.flags;

/** Whatever happened to the first file, GNU tar reads the stream, and the next file is whole. */
function assertUndamaged(outcome: Outcome): void {
  assert.equal(extractMember(outcome.stream, 'd/next').toString(), 'next');
  assert.equal(outcome.stream.length % 512, 0);
}

describe('a file that is left alone', () => {
  it('is stored whole, with its digest and without a flag', () => {
    for (const packBytes of [8 * 1024, 64 * 1024, 4 << 20]) {
      const outcome = archiveOne(new FakeFile(content), packBytes);
      assert.deepEqual(extractMember(outcome.stream, 'd/file'), content);
      assert.deepEqual(Buffer.from(outcome.versions[0]?.sha256 ?? '', 'hex'), sha256(content));
      assert.equal(flagsOf(outcome), 0);
      assert.deepEqual(outcome.warnings, []);
      assertUndamaged(outcome);
    }
  });

  it('is young when a stamp is less than 2 s older than the moment of reading', () => {
    const at = (ms: number): Partial<FileStat> => ({
      mtimeSeconds: Math.floor((readAt - ms) / 1000),
      mtimeNanoseconds: ((readAt - ms) % 1000) * 1_000_000,
    });
    assert.equal(flagsOf(archiveOne(new FakeFile(content, at(1999)))), versionFlags.young);
    assert.equal(flagsOf(archiveOne(new FakeFile(content, at(2000)))), 0);
    const recent = { ctimeSeconds: readAt / 1000 - 1 };
    assert.equal(flagsOf(archiveOne(new FakeFile(content, recent))), versionFlags.young);
  });
});

describe('a file that changes while it is read', () => {
  const changes: readonly [string, string, (file: FakeFile) => void, Buffer][] = [
    [
      'shrinks',
      'file.shrank',
      (file) => {
        file.content = content.subarray(0, 150_001);
      },
      Buffer.concat([content.subarray(0, 150_001), Buffer.alloc(149_999)]),
    ],
    [
      'grows',
      'file.grew',
      (file) => {
        file.content = Buffer.concat([content, content]);
        file.stat = { ...file.stat, sizeBytes: 600_000 };
      },
      content,
    ],
    [
      'is touched',
      'file.changed',
      (file) => {
        file.stat = { ...file.stat, mtimeNanoseconds: 1 };
      },
      content,
    ],
  ];
  for (const [what, code, change, expected] of changes) {
    it(`and ${what} is reported, flagged, and leaves the stream whole`, () => {
      for (const packBytes of [32 * 1024, 4 << 20]) {
        const file = new FakeFile(content);
        file.beforeRead = (position) => {
          if (position >= 100_000) change(file);
        };
        const outcome = archiveOne(file, packBytes);
        assert.deepEqual(
          outcome.warnings.map((warning) => warning.code),
          [code],
        );
        assert.equal(flagsOf(outcome), versionFlags.fuzzy);
        const stored = extractMember(outcome.stream, 'd/file');
        assert.deepEqual(stored, expected);
        assert.deepEqual(Buffer.from(outcome.versions[0]?.sha256 ?? '', 'hex'), sha256(stored));
        assertUndamaged(outcome);
      }
    });
  }
});

describe('a file that cannot be read', () => {
  const failing = (code: string, from: number): FakeFile => {
    const file = new FakeFile(content);
    file.beforeRead = (position) => {
      if (position >= from) throw new SystemError(code);
    };
    return file;
  };

  it('is left out where nothing of it has left the pack yet', () => {
    const outcome = archiveOne(failing('EIO', 100_000), 4 << 20);
    assert.deepEqual(
      outcome.warnings.map(({ code }) => code),
      ['file.unreadable'],
    );
    assert.deepEqual(
      outcome.versions.map(({ name }) => name),
      ['next'],
    );
    assert.throws(() => extractMember(outcome.stream, 'd/file'));
    assertUndamaged(outcome);
  });

  it('is filled up with zeros and flagged where a part of it has', () => {
    const outcome = archiveOne(failing('EIO', 100_000), 32 * 1024);
    assert.deepEqual(
      outcome.warnings.map(({ code }) => code),
      ['file.unreadable'],
    );
    assert.equal(flagsOf(outcome), versionFlags.fuzzy);
    assert.equal(extractMember(outcome.stream, 'd/file').length, content.length);
    assertUndamaged(outcome);
  });

  for (const [code, expected] of [
    ['ENOENT', 'file.vanished'],
    ['EACCES', 'file.unreadable'],
  ]) {
    it(`is reported as ${expected} when opening it ends in ${code}`, () => {
      const file = new FakeFile(content);
      file.open = () => {
        throw new SystemError(code ?? '');
      };
      const outcome = archiveOne(file);
      assert.deepEqual(
        outcome.warnings.map((warning) => warning.code),
        [expected],
      );
      assertUndamaged(outcome);
    });
  }

  it('becomes what took its name', () => {
    const file = new FakeFile(Buffer.alloc(0), { type: 'symlink' });
    file.open = () => {
      throw new SystemError('ELOOP');
    };
    const outcome = archiveOne(file);
    assert.deepEqual(outcome.warnings, []);
    assert.equal(outcome.versions[0]?.linkTarget, 'target');
    assertUndamaged(outcome);
  });

  it('is named where it is a socket', () => {
    const outcome = archiveOne(new FakeFile(Buffer.alloc(0), { type: 'socket' }));
    assert.deepEqual(
      outcome.warnings.map(({ code }) => code),
      ['file.socket'],
    );
    assertUndamaged(outcome);
  });
});
