import type { MessagePort } from 'node:worker_threads';
import type { LinkTable } from '#src/archive/link-table';
import type { ArchiveWarning, Pack, PackArea, PackOutlet } from '#src/archive/pack-builder';
import {
  buffersPerFiller,
  controlWords,
  extentRing,
  extentWords,
  type PipelineMemory,
  placementWords,
  publish,
  reportsAhead,
  throwIfStopped,
  waitWhile,
} from '#src/archive/pipeline-memory';
import { type Extent, placePack, type SegmentCut } from '#src/archive/segment-placer';
import { encodeVersions, holdUntil, type VersionInfo, type VersionReport } from '#src/archive/version-rows';
import { bug } from '#src/base/errors';

/** What a pack brought with it; numbered from 0 in the order of the stream. */
export interface PackReport {
  readonly kind: 'pack';
  readonly number: number;
  readonly versions: readonly VersionReport[];
  readonly cuts: readonly SegmentCut[];
  readonly warnings: readonly ArchiveWarning[];
}

const sameAreaAfter = 0;
export const areaIsFree = 1;

/** The filler's end of the pipeline: packs wait here for the turn of their task, take their places, and go to the writer. */
export class ThreadOutlet implements PackOutlet {
  readonly #memory: PipelineMemory;
  readonly #links: LinkTable;
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #areas: readonly PackArea[];
  #acquired = 0;
  #pending: Pack[] = [];

  constructor(memory: PipelineMemory, filler: number, links: LinkTable, port: Pick<MessagePort, 'postMessage'>) {
    this.#memory = memory;
    this.#links = links;
    this.#port = port;
    this.#areas = Array.from({ length: buffersPerFiller }, (_, index) => {
      const shared = memory.buffers[filler * buffersPerFiller + index];
      if (!shared) throw bug('a filler without memory');
      return { index: filler * buffersPerFiller + index, bytes: Buffer.from(shared) };
    });
  }

  acquire(): PackArea {
    const area = this.#areas[this.#acquired % buffersPerFiller] as PackArea;
    this.#acquired += 1;
    this.#placeWhatCan();
    while (this.#pending.some((pack) => pack.area === area)) this.#placeNext();
    const { bufferStates } = this.#memory;
    if (Atomics.load(bufferStates, area.index) === 1) waitWhile(this.#memory, bufferStates, area.index, 1);
    return area;
  }

  submit(pack: Pack): void {
    this.#pending.push(pack);
    this.#placeWhatCan();
  }

  settle(task: number): void {
    this.placeAll();
    this.#waitForTurn(task);
  }

  /** Places everything that is left, waiting for its turn. */
  placeAll(): void {
    while (this.#pending.length > 0) this.#placeNext();
  }

  #placeWhatCan(): void {
    throwIfStopped(this.#memory);
    const { control } = this.#memory;
    for (let next = this.#pending[0]; next; next = this.#pending[0]) {
      if (Atomics.load(control, controlWords.turn) !== next.task) return;
      this.#placeNext();
    }
  }

  #waitForTurn(task: number): void {
    const { control } = this.#memory;
    for (let turn = Atomics.load(control, controlWords.turn); turn !== task; ) {
      turn = waitWhile(this.#memory, control, controlWords.turn, turn);
    }
  }

  #placeNext(): void {
    const pack = this.#pending.shift();
    if (!pack) return;
    this.#waitForTurn(pack.task);
    const { placement, control, segmentBytes } = this.#memory;
    const { extents, cuts } = placePack(placement, segmentBytes, pack.members);
    for (const { fileSystem, inode, content } of pack.links) this.#links.add(fileSystem, inode, content);
    if (pack.area) this.#give(pack.area, extents);
    const isReport = pack.versions.length > 0 || cuts.length > 0 || pack.warnings.length > 0;
    const number = placement[placementWords.reports] as number;
    if (isReport) placement[placementWords.reports] = number + 1;
    if (pack.isLastOfTask) {
      publish(control, controlWords.turn, pack.task + 1);
    }
    if (isReport) this.#report(number, pack, cuts);
  }

  #give(area: PackArea, extents: readonly Extent[]): void {
    const { control, extents: ring, bufferStates } = this.#memory;
    Atomics.store(bufferStates, area.index, 1);
    extents.forEach(({ start, length, segment }, index) => {
      const given = Atomics.load(control, controlWords.extentsGiven);
      for (let written = Atomics.load(control, controlWords.extentsWritten); given - written >= extentRing; ) {
        written = waitWhile(this.#memory, control, controlWords.extentsWritten, written);
      }
      const isLast = index === extents.length - 1;
      ring.set(
        [area.index, start, length, segment, isLast ? areaIsFree : sameAreaAfter],
        (given % extentRing) * extentWords,
      );
      publish(control, controlWords.extentsGiven, given + 1);
    });
  }

  #report(number: number, pack: Pack, cuts: readonly SegmentCut[]): void {
    const { control } = this.#memory;
    for (let done = Atomics.load(control, controlWords.reportsDone); number - done >= reportsAhead; ) {
      done = waitWhile(this.#memory, control, controlWords.reportsDone, done);
    }
    const versions = groupBySegment(pack.versions).map(encodeVersions);
    const report: PackReport = { kind: 'pack', number, versions, cuts, warnings: pack.warnings };
    const memory = versions.flatMap(({ rows, indexLines, digests }) => [
      rows.buffer,
      indexLines.buffer,
      digests.buffer,
    ]);
    this.#port.postMessage(report, memory as ArrayBuffer[]);
  }
}

/** Versions for which the same segments matter, in the order of the segments whose index lists them. */
function groupBySegment(versions: readonly VersionInfo[]): readonly (readonly VersionInfo[])[] {
  const groups = new Map<string, VersionInfo[]>();
  for (const version of versions) {
    const key = `${version.memberPlace.endSegment} ${holdUntil(version)}`;
    const group = groups.get(key);
    if (group) group.push(version);
    else groups.set(key, [version]);
  }
  return [...groups.values()];
}
