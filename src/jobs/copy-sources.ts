import { closeSync, openSync, readSync } from 'node:fs';
import type { PayloadSource } from '#src/archive/extract/payload-stream';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetRecord, SegmentRecord } from '#src/catalog/data-sets';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { MountCartridge, MountedCartridge } from '#src/jobs/mounting';
import { openReadSession, type ReadSession } from '#src/session/read-session';

/** From where a segment is read: staging first, then a cartridge in a library, then one that has to be fetched. */
export type ChosenCopy =
  | { readonly kind: 'staging'; readonly segment: SegmentRecord }
  | {
      readonly kind: 'cartridge';
      readonly segment: SegmentRecord;
      readonly copy: TapeFileRecord;
      readonly volume: VolumeRecord;
      readonly cartridge: CartridgeRecord;
    }
  | { readonly kind: 'none'; readonly segment: SegmentRecord };

const isInLibrary = ({ location }: CartridgeRecord): boolean =>
  location.kind === 'slot' || location.kind === 'drive' || location.kind === 'mailSlot';

/** One copy for each segment of a data set, in order. Bounded by the number of segments. */
export async function chooseCopies(dataSet: DataSetRecord, repositories: Repositories): Promise<readonly ChosenCopy[]> {
  const copies = await repositories.tapeFiles.copiesOf(dataSet.key);
  const volumes = new Map<number, { volume: VolumeRecord; cartridge: CartridgeRecord }>();
  for (const { volume: key } of copies) {
    if (volumes.has(key)) continue;
    const volume = await repositories.volumes.get(key);
    const cartridge = volume && (await repositories.cartridges.get(volume.cartridge));
    if (cartridge) volumes.set(key, { volume, cartridge });
  }
  const segments = await repositories.dataSets.segments(dataSet.key);
  return segments
    .filter(({ state }) => state !== 'filling')
    .map((segment): ChosenCopy => {
      if (segment.inStaging) return { kind: 'staging', segment };
      const places = copies.flatMap((copy) => {
        const where = copy.number === segment.number ? volumes.get(copy.volume) : undefined;
        return where ? [{ copy, ...where }] : [];
      });
      const best = places.find(({ cartridge }) => isInLibrary(cartridge)) ?? places[0];
      return best ? { kind: 'cartridge', segment, ...best } : { kind: 'none', segment };
    });
}

/** Cartridges that a restore needs and that no library holds. */
export const cartridgesToFetch = (copies: readonly ChosenCopy[]): readonly CartridgeRecord[] =>
  copies.flatMap((copy) => (copy.kind === 'cartridge' && !isInLibrary(copy.cartridge) ? [copy.cartridge] : []));

/**
 * Opens copies for reading; keeps one cartridge mounted until another is needed, so that data sets that follow each other on a
 * cartridge load it once.
 */
export class CopyReader implements AsyncDisposable {
  readonly #mount: MountCartridge;
  readonly #purpose: string;
  readonly #signal: AbortSignal | undefined;
  #current: { readonly mounted: MountedCartridge; readonly session: ReadSession } | undefined;
  readonly #barcodes = new Set<string>();

  constructor(mount: MountCartridge, purpose: string, signal?: AbortSignal) {
    this.#mount = mount;
    this.#purpose = purpose;
    this.#signal = signal;
  }

  /** Of the cartridges that were mounted, in order. */
  get barcodes(): readonly string[] {
    return [...this.#barcodes];
  }

  /** `stagedPath` is where the segment lies if it is in staging. Staged files are opened anew for each call and closed by `close`. */
  source(choice: ChosenCopy, stagedPath: string): PayloadSource & { close?(): void } {
    const { payloadBytes, number } = choice.segment;
    const common = { segment: number, payloadBytes };
    if (choice.kind === 'staging') return stagedSource(stagedPath, common);
    if (choice.kind === 'none') {
      return {
        ...common,
        readInto: () => {
          throw lost(number);
        },
      };
    }
    const open = (offset: number): AsyncIterable<Uint8Array> => this.#read(choice, offset);
    return { ...common, open };
  }

  async *#read(choice: Extract<ChosenCopy, { kind: 'cartridge' }>, offset: number): AsyncGenerator<Uint8Array> {
    const session = await this.#session(choice.cartridge, choice.volume);
    yield* session.payload(choice.copy, offset);
  }

  async #session(cartridge: CartridgeRecord, volume: VolumeRecord): Promise<ReadSession> {
    if (this.#current?.mounted.cartridge.id === cartridge.id) return this.#current.session;
    await this.#dismount();
    const mounted = await this.#mount(cartridge, { purpose: this.#purpose, writing: false, signal: this.#signal });
    try {
      const session = await openReadSession({ drive: mounted.drive, cartridge, volume, signal: this.#signal });
      this.#current = { mounted, session };
      this.#barcodes.add(cartridge.barcode);
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

function stagedSource(path: string, common: { readonly segment: number; readonly payloadBytes: number }) {
  let fd: number | undefined;
  return {
    ...common,
    readInto: (target: Buffer, offset: number): number => {
      fd ??= openSync(path, 'r');
      return readSync(fd, target, 0, Math.min(target.length, common.payloadBytes - offset), offset);
    },
    close: (): void => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

const lost = (number: number): GrandsireError =>
  new GrandsireError('segment.no-copy', {
    message: `no copy of segment ${number} is left`,
    remedy: 'Restore an older version: "grandsire find PATH --all" lists all of them.',
  });
