import { closeSync, openSync, readSync } from 'node:fs';
import type { PayloadSource } from '#src/archive/extract/payload-stream';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord, UnreadCopy } from '#src/catalog/tape-files';
import type { VolumeKey, VolumeRecord } from '#src/catalog/volumes';
import { type MountCartridge, type MountedCartridge, SecondChances } from '#src/jobs/mounting';
import { isDriveFault, isDriveTrouble, isTimeOut } from '#src/library/drives/drive-trouble';
import type { CartridgeId } from '#src/media/facets';
import { openReadSession, type ReadSession } from '#src/session/read-session';
import { unreadable } from '#src/session/tape-file-source';

/** From where a segment can be read. */
export type SegmentCopy =
  | { readonly kind: 'staging' }
  | {
      readonly kind: 'cartridge';
      readonly copy: TapeFileRecord;
      readonly volume: VolumeRecord;
      readonly cartridge: CartridgeRecord;
    };

export interface SegmentCopies {
  readonly segment: SegmentRecord;
  /** The best first: staging, then cartridges in a library, then those that have to be fetched. Empty: none is left. */
  readonly copies: readonly SegmentCopy[];
  /** Where else an index says that it lies: on cartridges that have to be read into the catalog first. */
  readonly unread: readonly UnreadCopy[];
}

const isInLibrary = ({ location }: CartridgeRecord): boolean =>
  location.kind === 'slot' || location.kind === 'drive' || location.kind === 'mailSlot';

/** Whether nobody has to fetch anything to read it. */
export const isAtHand = (copy: SegmentCopy): boolean => copy.kind === 'staging' || isInLibrary(copy.cartridge);

/** The copies of each segment of a data set, in order of segment. Bounded by the number of segments. */
export async function rankCopies(dataSet: DataSetRecord, repositories: Repositories): Promise<SegmentCopies[]> {
  const files = await repositories.tapeFiles.copiesOf(dataSet.key);
  const volumes = new Map<VolumeKey, { volume: VolumeRecord; cartridge: CartridgeRecord }>();
  for (const key of new Set(files.map(({ volume }) => volume))) {
    const volume = await repositories.volumes.get(key);
    const cartridge = volume && (await repositories.cartridges.get(volume.cartridge));
    if (cartridge) volumes.set(key, { volume, cartridge });
  }
  const segments = await repositories.dataSets.segments(dataSet.key);
  const announced = await repositories.tapeFiles.unreadOf(dataSet.key);
  return segments
    .filter(({ state }) => state !== 'filling')
    .map((segment) => {
      const onCartridges = files.flatMap((copy): SegmentCopy[] => {
        const where = copy.number === segment.number ? volumes.get(copy.volume) : undefined;
        return where ? [{ kind: 'cartridge', copy, ...where }] : [];
      });
      const staged: SegmentCopy[] = segment.inStaging ? [{ kind: 'staging' }] : [];
      const copies = [...staged, ...onCartridges].sort((a, b) => Number(isAtHand(b)) - Number(isAtHand(a)));
      return { segment, copies, unread: announced.filter(({ number }) => number === segment.number) };
    });
}

/** A source that can be closed; what was opened for it is opened anew when it is read again. */
export type CopySource = PayloadSource & { close?(): void };

/**
 * Opens copies for reading; keeps one cartridge mounted until another is needed, so that data sets that follow each other on a
 * cartridge load it once. A cartridge that turned out unfit is not loaded again: what failed is thrown again.
 */
export class CopyReader implements AsyncDisposable {
  readonly #mount: MountCartridge;
  readonly #purpose: string;
  readonly #signal: AbortSignal | undefined;
  #current: { readonly mounted: MountedCartridge; readonly session: ReadSession } | undefined;
  readonly #unfit = new Map<CartridgeId, GrandsireError>();
  /** Were once not opened in time: the second time is the last. */
  readonly #late = new Set<CartridgeId>();

  constructor(mount: MountCartridge, purpose: string, signal?: AbortSignal) {
    this.#mount = mount;
    this.#purpose = purpose;
    this.#signal = signal;
  }

  /** `stagedPath` is where the segment lies if it is in staging. */
  source(
    { payloadBytes, number }: Pick<SegmentRecord, 'payloadBytes' | 'number'>,
    copy: SegmentCopy | undefined,
    stagedPath: string,
  ): CopySource {
    const common = { segment: number, payloadBytes };
    if (copy === undefined) return { ...common, readInto: () => throwLost(number) };
    if (copy.kind === 'staging') return stagedSource(stagedPath, common);
    return { ...common, open: (offset) => this.#read(copy, offset) };
  }

  async *#read(
    { cartridge, volume, copy }: Extract<SegmentCopy, { kind: 'cartridge' }>,
    offset: number,
  ): AsyncGenerator<Uint8Array> {
    const chances = new SecondChances();
    for (let at = offset; ; ) {
      try {
        for await (const chunk of (await this.#session(cartridge, volume)).payload(copy, at)) {
          at += chunk.length;
          chances.progressed();
          yield chunk;
        }
        return;
      } catch (error) {
        // Given back, the drive is out of use, and the rest is read in another one; with none left the mount says so.
        if (!chances.has(error)) throw error;
        await this.#dismount();
      }
    }
  }

  async #session(cartridge: CartridgeRecord, volume: VolumeRecord): Promise<ReadSession> {
    const unfit = this.#unfit.get(cartridge.id);
    if (unfit) throw unfit;
    if (this.#current?.mounted.cartridge.id === cartridge.id) return this.#current.session;
    await this.#dismount();
    try {
      return await this.#open(cartridge, volume);
    } catch (error) {
      const isFirstTimeOut = isTimeOut(error) && !this.#late.has(cartridge.id);
      if (isFirstTimeOut) this.#late.add(cartridge.id);
      // In another drive it may be as good as ever.
      else if (isCopyFault(error) && !isDriveFault(error)) this.#unfit.set(cartridge.id, error);
      throw error;
    }
  }

  async #open(cartridge: CartridgeRecord, volume: VolumeRecord): Promise<ReadSession> {
    const mounted = await this.#mount(cartridge, { purpose: this.#purpose, writing: false, signal: this.#signal });
    try {
      const session = await openReadSession({ drive: mounted.drive, cartridge, volume, signal: this.#signal });
      this.#current = { mounted, session };
      return session;
    } catch (error) {
      await mounted[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #dismount(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.mounted[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dismount();
  }
}

/** Whether a failure is one of this copy: another copy may be whole, and other files may lie on good places. */
export function isCopyFault(error: unknown): error is GrandsireError {
  if (!(error instanceof GrandsireError)) return false;
  return /^(cartridge|volume|archive)\./.test(error.code) || otherFaults.has(error.code) || isDriveTrouble(error);
}

const otherFaults: ReadonlySet<string> = new Set([
  'restore.digest-differs',
  'segment.no-copy',
  'segment.unread',
  'staging.unreadable',
]);

function stagedSource(path: string, common: { readonly segment: number; readonly payloadBytes: number }): CopySource {
  let fd: number | undefined;
  return {
    ...common,
    readInto: (target: Buffer, offset: number): number => {
      try {
        fd ??= openSync(path, 'r');
        return readSync(fd, target, 0, Math.min(target.length, common.payloadBytes - offset), offset);
      } catch (cause) {
        throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause);
      }
    },
    close: (): void => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/** A segment of which an index tells that it lies on these cartridges, and nothing is known to be there. */
export function unreadSource({ segment, unread }: SegmentCopies): CopySource {
  const { number, payloadBytes } = segment;
  const barcodes = [...new Set(unread.map(({ barcode }) => barcode))];
  return {
    segment: number,
    payloadBytes,
    readInto: () => {
      throw new GrandsireError('segment.unread', {
        message: `segment ${number} is on ${barcodes.join(' and on ')}, which this catalog has not read`,
        remedy: `Read it, then restore again: grandsire catalog rebuild ${barcodes[0]}.`,
      });
    },
  };
}

function throwLost(number: number): never {
  throw new GrandsireError('segment.no-copy', {
    message: `no copy of segment ${number} is left`,
    remedy: 'Restore an older version: "grandsire find PATH --all" lists all of them.',
  });
}
