import { parseEscapedPath } from '#src/base/bytes';
import type { Instant } from '#src/base/clock';
import { bug } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord } from '#src/catalog/data-sets';
import type { FileVersion, FindQuery } from '#src/catalog/files';
import type { TapeFileRecord, UnreadCopy } from '#src/catalog/tape-files';
import type { VolumeKey, VolumeProtection, VolumeRecord } from '#src/catalog/volumes';
import { MemberSpans } from '#src/jobs/member-spans';
import { isProtectionOver } from '#src/rotation/retention';

/** A segment on a cartridge, or in staging, that a file lies in; `unread`: so an index says, and nobody has looked. */
export type FoundPlace =
  | { readonly staging: true }
  | { readonly cartridge: CartridgeRecord; readonly volume: VolumeRecord; readonly copy: TapeFileRecord }
  | {
      readonly unread: UnreadCopy /** Undefined: no library has had it. */;
      readonly cartridge: CartridgeRecord | undefined;
    };

export type FoundCopy = FoundPlace & {
  /** Where a file lies across segments: all of them in order, the first included. */
  readonly parts: readonly FoundPlace[];
  /** The protection of one of its volumes is over: it is there until that is labelled anew. */
  readonly expired: boolean;
};

export interface FoundFile {
  readonly version: FileVersion;
  readonly dataSet: DataSetRecord;
  /** Staging first, then those that are protected, then expired ones, then those that nobody has looked at. */
  readonly copies: readonly FoundCopy[];
}

/**
 * What is looked for, by the shape of the words: with `*`, `?` or `[` a glob, over whole paths where it begins with a slash and else anywhere; a path where it begins with
 * a slash; else a part of a name (or, with a slash in it, of a path).
 */
export function parsePattern(pattern: string): FindQuery['match'] {
  const isAbsolute = pattern.startsWith('/');
  if (/(?<!\\)[*?[]/.test(pattern)) {
    if (isAbsolute) return { kind: 'glob', pattern };
    return { kind: 'glob', pattern: pattern.startsWith('**') ? `/${pattern}` : `/**/${pattern}` };
  }
  if (isAbsolute) return { kind: 'path', path: exactPath(pattern) };
  if (pattern.includes('/')) return { kind: 'glob', pattern: `/**/*${pattern.replace(/\/+$/, '')}*` };
  return { kind: 'part', text: parseEscapedPath(pattern) };
}

/** The bytes of an absolute path as an operator writes it, without slashes that say nothing. */
export const exactPath = (text: string): Buffer =>
  parseEscapedPath(text.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, ''));

/** Versions and where they are. A name that looks like a glob and exists as it stands is that file. */
export async function findFiles(
  pattern: string,
  options: Omit<FindQuery, 'match'> & { readonly now: Instant },
  repositories: Repositories,
): Promise<{ readonly files: readonly FoundFile[]; readonly truncated: boolean }> {
  const { now, ...query } = options;
  let match = parsePattern(pattern);
  let found = await repositories.files.find({ ...query, match });
  if (found.versions.length === 0 && match.kind === 'glob' && pattern.startsWith('/')) {
    match = { kind: 'path', path: exactPath(pattern) };
    found = await repositories.files.find({ ...query, match });
  }
  const places = new Places(repositories, now);
  const files: FoundFile[] = [];
  for (const version of found.versions) files.push(await places.of(version));
  return { files, truncated: found.truncated };
}

interface DataSetPlaces {
  readonly dataSet: DataSetRecord;
  /** By number of the segment: staging first, then the copies in order of volume. */
  readonly bySegment: ReadonlyMap<number, readonly FoundPlace[]>;
}

class Places {
  readonly #repositories: Repositories;
  readonly #now: Instant;
  readonly #spans: MemberSpans;
  readonly #dataSets = new Map<DataSetKey, DataSetPlaces>();
  readonly #volumes = new Map<VolumeKey, { volume: VolumeRecord; cartridge: CartridgeRecord } | undefined>();
  #protections: ReadonlyMap<VolumeKey, VolumeProtection> | undefined;

  constructor(repositories: Repositories, now: Instant) {
    this.#repositories = repositories;
    this.#now = now;
    this.#spans = new MemberSpans(repositories);
  }

  async of(version: FileVersion): Promise<FoundFile> {
    const { dataSet, bySegment } = await this.#dataSet(version.dataSet);
    this.#protections ??= await this.#repositories.volumes.protections();
    const numbers = await this.#spans.of(version);
    const firsts = bySegment.get(version.segment) ?? [];
    const copies = firsts.flatMap((first, index): FoundCopy[] => {
      const parts = numbers.map((number) => matching(first, index, bySegment.get(number) ?? []));
      const whole = parts.filter((part) => part !== undefined);
      if (whole.length < numbers.length) return [];
      const expired = whole.some((part) => 'volume' in part && this.#isExpired(part.volume));
      return [{ ...first, parts: whole, expired }];
    });
    return { version, dataSet, copies: copies.sort((a, b) => certainty(b) - certainty(a)) };
  }

  #isExpired({ key }: VolumeRecord): boolean {
    const protection = this.#protections?.get(key)?.protection;
    return protection === undefined || isProtectionOver(protection, this.#now);
  }

  async #dataSet(key: DataSetKey): Promise<DataSetPlaces> {
    const known = this.#dataSets.get(key);
    if (known) return known;
    const dataSet = await this.#repositories.dataSets.get(key);
    if (!dataSet) throw bug(`a version names data set ${key}, which is not there`);
    const bySegment = new Map<number, FoundPlace[]>();
    for (const { number, inStaging, state } of await this.#repositories.dataSets.segments(key)) {
      bySegment.set(number, inStaging && state !== 'filling' ? [{ staging: true }] : []);
    }
    for (const copy of await this.#repositories.tapeFiles.copiesOf(key)) {
      const where = await this.#volume(copy.volume);
      if (where && copy.number !== undefined) bySegment.get(copy.number)?.push({ ...where, copy });
    }
    for (const unread of await this.#repositories.tapeFiles.unreadOf(key)) {
      const [cartridge] = await this.#repositories.cartridges.byBarcode(unread.barcode);
      bySegment.get(unread.number)?.push({ unread, cartridge });
    }
    const places = { dataSet, bySegment };
    this.#dataSets.set(key, places);
    return places;
  }

  async #volume(key: VolumeKey) {
    if (!this.#volumes.has(key)) {
      const volume = await this.#repositories.volumes.get(key);
      const cartridge = volume && (await this.#repositories.cartridges.get(volume.cartridge));
      this.#volumes.set(key, cartridge && { volume, cartridge });
    }
    return this.#volumes.get(key);
  }
}

const isUnread = (place: FoundPlace): boolean => 'unread' in place;

const certainty = ({ parts, expired }: FoundCopy): number => (parts.some(isUnread) ? 0 : expired ? 1 : 2);

/** Its UUID; undefined in staging. */
const volumeOf = (place: FoundPlace): string | undefined =>
  'unread' in place ? place.unread.volume : 'volume' in place ? place.volume.id : undefined;

/** The copy of a further segment that goes with this copy of the first: in the same place where there is one there. */
function matching(first: FoundPlace, index: number, places: readonly FoundPlace[]): FoundPlace | undefined {
  const isSame = (place: FoundPlace): boolean => volumeOf(place) === volumeOf(first);
  return places.find(isSame) ?? places[Math.min(index, places.length - 1)];
}
