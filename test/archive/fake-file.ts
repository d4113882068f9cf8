import type { ByteString } from '#src/archive/byte-string';
import { EntryArchiver } from '#src/archive/entry-archiver';
import type { FileOperations } from '#src/archive/file-operations';
import { emptyFileStat, type FileStat } from '#src/archive/file-stat';
import type { LinkedContent } from '#src/archive/link-table';
import { type ArchiveWarning, type Pack, PackBuilder } from '#src/archive/pack-builder';
import type { VersionInfo } from '#src/archive/version-rows';
import { instant, ManualClock } from '#src/base/clock';

export const readAt = instant(1_800_000_000_000);
export const old = { mtimeSeconds: 1_700_000_000, ctimeSeconds: 1_700_000_000 };

export class SystemError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** One file in memory, and what happens to it while it is read. */
export class FakeFile implements FileOperations {
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

export interface Outcome {
  readonly stream: Buffer;
  readonly versions: readonly VersionInfo[];
  readonly warnings: readonly ArchiveWarning[];
}

/** A name in `/d`, and the file that it is of. */
export type NamedFile = readonly [name: string, files: FileOperations];

export interface FakeRun {
  readonly packBytes?: number;
  readonly clock?: ManualClock;
  /** Called when a pack is full or the last one. */
  readonly onSubmit?: () => void;
}

/** Archives names one after the other through packs of `packBytes`. */
export function archiveNames(
  names: readonly NamedFile[],
  { packBytes = 64 * 1024, clock = new ManualClock(readAt), onSubmit = () => undefined }: FakeRun = {},
): Outcome {
  const packs: Pack[] = [];
  const parts: Buffer[] = [];
  const builder = new PackBuilder({
    acquire: () => ({ index: 0, bytes: Buffer.alloc(packBytes, 0xee) }),
    submit(pack) {
      onSubmit();
      packs.push(pack);
      for (const { start, length } of pack.members) {
        parts.push(pack.area?.bytes.subarray(start, start + length) ?? Buffer.alloc(0));
      }
    },
    settle() {},
  });
  const findLink = (fileSystem: string, inode: string): LinkedContent | undefined =>
    packs.flatMap(({ links }) => links).find((link) => link.fileSystem === fileSystem && link.inode === inode)?.content;
  const common = { builder, findLink, clock, mostHeaderBytes: 1 << 20 };
  builder.beginTask(0);
  for (const [name, files] of names) new EntryArchiver({ ...common, files }).archive('/d', name, true);
  builder.close();
  builder.endTask();
  const versions = packs.flatMap((pack) => pack.versions);
  return { stream: Buffer.concat(parts), versions, warnings: packs.flatMap((pack) => pack.warnings) };
}
