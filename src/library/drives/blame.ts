import type { CartridgeId } from '#src/media/facets';

/** What came of a cartridge in a drive, where it was not plain whose fault it was; or that a drive was given another chance. */
export type Experience =
  | { readonly kind: 'failed' | 'worked'; readonly drive: string; readonly cartridge: CartridgeId }
  | { readonly kind: 'put-back'; readonly drive: string };

/** Whose fault a failure was that a cartridge met in a drive. */
export type Verdict =
  /** The first of its kind: the cartridge is not planned for until it was looked at, and the drive goes on, others before it. */
  | { readonly kind: 'unclear' }
  /** The cartridge failed in all of these, and nothing else tells against them. */
  | { readonly kind: 'cartridge'; readonly drives: readonly string[] }
  /** The drive failed with all of these, and nothing else tells against them. */
  | { readonly kind: 'drive'; readonly cartridges: readonly CartridgeId[] };

/** So many drives tell against a cartridge, so many cartridges against a drive. One may be chance, and dirt; a third would cost a third. */
const enough = 2;

/**
 * Judges failures that may be the medium's or the drive's (a medium error, a cartridge that does not get ready, a time-out), each by what was met before.
 *
 * - A cartridge that failed in two drives is bad, and its failures tell against no drive: a bad cartridge takes no drive down.
 * - A drive in which two cartridges failed is bad, and its failures tell against no cartridge: a bad drive condemns no cartridge.
 * - Where one failure would prove both, it is the cartridge: those go bad more often, and it is the lesser loss. The drive proves itself with the next one.
 * - What works afterwards is proved good, the drive and the cartridge; a drive that was put back into use begins anew.
 */
export class Blame {
  readonly #drivesOf = new Map<CartridgeId, Set<string>>();
  readonly #cartridgesOf = new Map<string, Set<CartridgeId>>();
  readonly #badCartridges = new Map<CartridgeId, readonly string[]>();
  readonly #badDrives = new Map<string, readonly CartridgeId[]>();

  constructor(earlier: Iterable<Experience> = []) {
    for (const experience of earlier) this.take(experience);
  }

  /** The verdict on a failure; undefined for what is none. */
  take(experience: Experience): Verdict | undefined {
    switch (experience.kind) {
      case 'failed':
        return this.#failed(experience.drive, experience.cartridge);
      case 'worked':
        this.#clearDrive(experience.drive);
        this.#drivesOf.delete(experience.cartridge);
        this.#badCartridges.delete(experience.cartridge);
        return undefined;
      case 'put-back':
        this.#clearDrive(experience.drive);
        return undefined;
    }
  }

  /** Whether something tells against a drive: another one is taken before it. */
  isSuspected(drive: string): boolean {
    return this.#badDrives.has(drive) || (this.#cartridgesOf.get(drive)?.size ?? 0) > 0;
  }

  /** Whether something that is still open was met with either. */
  concerns(drive: string, cartridge: CartridgeId): boolean {
    return this.isSuspected(drive) || this.#badCartridges.has(cartridge) || this.#drivesOf.has(cartridge);
  }

  #failed(drive: string, cartridge: CartridgeId): Verdict {
    const against = this.#badDrives.get(drive);
    if (against) return { kind: 'drive', cartridges: against };
    const drives = added(this.#badCartridges.get(cartridge) ?? this.#drivesOf.get(cartridge), drive);
    if (drives.length >= enough) {
      this.#badCartridges.set(cartridge, drives);
      this.#drivesOf.delete(cartridge);
      for (const cartridges of this.#cartridgesOf.values()) cartridges.delete(cartridge);
      return { kind: 'cartridge', drives };
    }
    const cartridges = added(this.#cartridgesOf.get(drive), cartridge);
    if (cartridges.length >= enough) {
      this.#badDrives.set(drive, cartridges);
      this.#cartridgesOf.delete(drive);
      for (const of of this.#drivesOf.values()) of.delete(drive);
      return { kind: 'drive', cartridges };
    }
    this.#drivesOf.set(cartridge, new Set(drives));
    this.#cartridgesOf.set(drive, new Set(cartridges));
    return { kind: 'unclear' };
  }

  #clearDrive(drive: string): void {
    this.#cartridgesOf.delete(drive);
    this.#badDrives.delete(drive);
  }
}

const added = <T>(before: Iterable<T> | undefined, one: T): readonly T[] => [...new Set([...(before ?? []), one])];
