import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryMetadata } from '#src/archive/extract/entry-metadata';

export interface LoggedDirectory {
  /** Relative to the directory that is restored to. */
  readonly path: Buffer;
  readonly metadata: EntryMetadata;
}

const memoryBytes = 4 * 1024 * 1024;
const pieceBytes = 64 * 1024;

/**
 * What is to be done to directories in the end, in the order in which it was added. Up to 4 MiB of it are held in memory, the rest in a temporary file without a name.
 */
export class DirectoryLog implements Disposable {
  #lines: string[] = [];
  #heldBytes = 0;
  #fd: number | undefined;

  add({ path, metadata }: LoggedDirectory): void {
    const line = encode(path, metadata);
    this.#lines.push(line);
    this.#heldBytes += line.length;
    if (this.#heldBytes > memoryBytes) this.#spill();
  }

  *entries(): Generator<LoggedDirectory> {
    if (this.#fd !== undefined) yield* readLog(this.#fd);
    for (const line of this.#lines) yield parse(line);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #spill(): void {
    this.#fd ??= openNameless();
    const bytes = Buffer.from(`${this.#lines.join('\n')}\n`, 'latin1');
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    this.#lines = [];
    this.#heldBytes = 0;
  }
}

function openNameless(): number {
  const path = join(tmpdir(), `grandsire-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}

function* readLog(fd: number): Generator<LoggedDirectory> {
  const piece = Buffer.alloc(pieceBytes);
  let rest = '';
  for (let at = 0, length = -1; length !== 0; at += length) {
    length = readSync(fd, piece, 0, pieceBytes, at);
    const lines = (rest + piece.toString('latin1', 0, length)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield parse(line);
  }
}

interface Line extends Pick<EntryMetadata, 'mode' | 'uid' | 'gid' | 'mtime' | 'atime'> {
  readonly path: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly accessAcl: string | undefined;
  readonly defaultAcl: string | undefined;
}

/** All bytes as base64, so that a line is ASCII. */
function encode(path: Buffer, { mode, uid, gid, mtime, atime, ...rest }: EntryMetadata): string {
  const line: Line = {
    path: path.toString('base64'),
    ...{ mode, uid, gid, mtime, atime },
    attributes: rest.attributes.map(({ name, value }) => [name.toString('base64'), value.toString('base64')]),
    accessAcl: rest.accessAcl?.toString('base64'),
    defaultAcl: rest.defaultAcl?.toString('base64'),
  };
  return JSON.stringify(line);
}

function parse(text: string): LoggedDirectory {
  const { path, attributes, accessAcl, defaultAcl, ...plain } = JSON.parse(text) as Line;
  return {
    path: Buffer.from(path, 'base64'),
    metadata: {
      ...plain,
      atime: plain.atime,
      attributes: attributes.map(([name, value]) => ({
        name: Buffer.from(name, 'base64'),
        value: Buffer.from(value, 'base64'),
      })),
      accessAcl: accessAcl === undefined ? undefined : Buffer.from(accessAcl, 'base64'),
      defaultAcl: defaultAcl === undefined ? undefined : Buffer.from(defaultAcl, 'base64'),
    },
  };
}
