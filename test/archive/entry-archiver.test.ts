import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { FileOperations } from '#src/archive/file-operations';
import type { FileStat } from '#src/archive/file-stat';
import { instant, ManualClock } from '#src/base/clock';
import { versionFlags } from '#src/catalog/files';
import { archiveNames, FakeFile, type Outcome, old, readAt, SystemError } from '#test/archive/fake-file';

/** Archives one name, and one more file behind it, which must come out whole whatever happened before. */
const archiveOne = (files: FileOperations, packBytes = 64 * 1024): Outcome =>
  archiveNames(
    [
      ['file', files],
      ['next', new FakeFile(Buffer.from('next'))],
    ],
    { packBytes },
  );

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

describe('a further name of an inode', () => {
  const shared = { inode: '77', links: 2, fileSystem: '8:1' };
  const flags = ({ versions }: Outcome): readonly number[] => versions.map((version) => version.flags);
  const codes = ({ warnings }: Outcome): readonly string[] => warnings.map(({ code }) => code);

  it('is a link to the first, without a flag where nothing changed', () => {
    const file = new FakeFile(content, shared);
    for (const packBytes of [32 * 1024, 4 << 20]) {
      const names = ['file', 'link'].map((name) => [name, file] as const);
      const outcome = archiveNames(names, { packBytes });
      assert.deepEqual([flags(outcome), codes(outcome)], [[0, versionFlags.hardLink], []]);
      assert.equal(outcome.versions[1]?.sha256, outcome.versions[0]?.sha256);
    }
  });

  for (const [what, change] of [
    ['mtime', { mtimeNanoseconds: 1 }],
    ['ctime', { ctimeSeconds: old.ctimeSeconds + 1 }],
    ['size', { sizeBytes: content.length - 1 }],
  ] as const) {
    it(`is reported and flagged where the ${what} is not that under which the content was read`, () => {
      const changed = new FakeFile(content, { ...shared, ...change });
      const outcome = archiveNames([
        ['file', new FakeFile(content, shared)],
        ['link', changed],
      ]);
      assert.deepEqual(codes(outcome), ['file.changed']);
      assert.equal(outcome.warnings[0]?.path.toString(), '/d/link');
      assert.deepEqual(flags(outcome), [0, versionFlags.hardLink | versionFlags.fuzzy]);
    });
  }

  it('is young where its own stamps are', () => {
    const young = { ...shared, ctimeSeconds: readAt / 1000 - 1 };
    const outcome = archiveNames([
      ['file', new FakeFile(content, shared)],
      ['link', new FakeFile(content, young)],
    ]);
    assert.deepEqual(flags(outcome)[1], versionFlags.hardLink | versionFlags.fuzzy | versionFlags.young);
  });

  it('is no link where something of another type took the number of the inode', () => {
    const outcome = archiveNames([
      ['file', new FakeFile(content, shared)],
      ['fifo', new FakeFile(Buffer.alloc(0), { ...shared, type: 'fifo' })],
    ]);
    assert.deepEqual([flags(outcome), codes(outcome)], [[0, 0], []]);
    assert.equal(outcome.versions[1]?.sha256, undefined);
  });
});

describe('a symbolic link that waits for room', () => {
  it('is young by the moment when it was looked at, not by that when it got the room', () => {
    const clock = new ManualClock(readAt);
    const file = new FakeFile(content.subarray(0, 1000), {});
    const stamps = { ctimeSeconds: readAt / 1000 - 1 };
    const link = new FakeFile(Buffer.alloc(0), { type: 'symlink', ...stamps });
    // The first file fills the pack, so that the link waits for the next one.
    const onSubmit = (): void => clock.set(instant(readAt + 60_000));
    const outcome = archiveNames(
      [
        ['file', file],
        ['link', link],
      ],
      { packBytes: 2048, clock, onSubmit },
    );
    assert.deepEqual(
      outcome.versions.map(({ type, flags }) => [type, flags]),
      [
        ['file', 0],
        ['symlink', versionFlags.young],
      ],
    );
  });
});
