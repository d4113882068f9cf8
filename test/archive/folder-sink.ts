import assert from 'node:assert/strict';
import { appendFileSync, closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FinishedSegment, SegmentSink } from '#src/archive/segment-sink';
import type { Deletion } from '#src/archive/thread-messages';
import type { VersionBatch, VersionWriter } from '#src/catalog/files';

/** Keeps segments as files of a folder, as simply as can be, and remembers what it was told. */
export class FolderSink implements SegmentSink {
  readonly finished: FinishedSegment[] = [];
  readonly indexLines: string[] = [];
  readonly removed: Deletion[] = [];
  abandoned = false;
  readonly #folder: string;
  readonly #open = new Map<number, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(number: number): string {
    return join(this.#folder, `${String(number).padStart(6, '0')}.segment`);
  }

  async begin(number: number): Promise<number> {
    const fd = openSync(this.path(number), 'wx');
    this.#open.set(number, fd);
    return fd;
  }

  async diskFull(): Promise<void> {
    assert.fail('disk full');
  }

  async index(number: number, lines: Uint8Array): Promise<void> {
    assert.ok(this.#open.has(number), `segment ${number} is being filled while its index is written`);
    this.indexLines.push(...Buffer.from(lines).toString().trimEnd().split('\n'));
    appendFileSync(join(this.#folder, `${String(number).padStart(6, '0')}.index`), lines);
  }

  async finish(segment: FinishedSegment): Promise<void> {
    const fd = this.#open.get(segment.number) as number;
    fsyncSync(fd);
    closeSync(fd);
    this.#open.delete(segment.number);
    this.finished.push(segment);
  }

  async addDeletions(deletions: readonly Deletion[]): Promise<void> {
    this.removed.push(...deletions);
  }

  async *deletions(): AsyncGenerator<readonly Deletion[]> {
    yield this.removed;
  }

  stop(): void {}

  async abandon(): Promise<void> {
    this.abandoned = true;
    for (const [number, fd] of this.#open) {
      closeSync(fd);
      rmSync(this.path(number));
    }
    this.#open.clear();
  }
}

/** Remembers rows instead of storing them. */
export class RowCollector implements VersionWriter {
  readonly batches: VersionBatch[] = [];
  readonly deletions: Deletion[] = [];

  async add(...batches: readonly VersionBatch[]): Promise<void> {
    this.batches.push(...batches);
  }

  async addDeletions(deletions: readonly Deletion[]): Promise<void> {
    this.deletions.push(...deletions);
  }
}
