import { asBuffer, escapePath, isUtf8Text } from '#src/base/bytes';
import { instant } from '#src/base/clock';
import { formatInstant, type TimeZone } from '#src/base/time-zone';
import { versionFlags } from '#src/catalog/files';
import { describeLocation } from '#src/cli/documents/cartridge-document';
import type { FoundCopy, FoundFile, FoundPlace } from '#src/jobs/find-files';

export type PlaceDocument =
  | { readonly staging: true }
  | {
      readonly cartridge: string;
      readonly tapeFile: number;
      readonly block: number;
      readonly location: Readonly<Record<string, unknown>>;
      /** An index says so; the cartridge was not read into this catalog. */
      readonly unread?: true;
    };

export type CopyDocument = PlaceDocument & {
  readonly volume?: string;
  readonly expired?: true;
  readonly parts?: readonly PlaceDocument[];
};

/** A version of a file in JSON, as `find` prints it. */
export interface FoundFileDocument {
  readonly path: string;
  /** Base64, where the name is not UTF-8. */
  readonly pathBytes?: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly modifiedAt: string;
  readonly backedUpAt: string;
  readonly backupSet: string;
  readonly dataSet: string;
  readonly sha256: string | null;
  readonly fuzzy: boolean;
  readonly copies: readonly CopyDocument[];
}

export function describeFoundFile({ version, dataSet, copies }: FoundFile, zone: TimeZone): FoundFileDocument {
  const { path, type, sizeBytes, mtime, sha256, flags } = version;
  return {
    ...describePath(path),
    type,
    sizeBytes,
    modifiedAt: formatInstant(instant(mtime.seconds * 1000 + mtime.nanoseconds / 1e6), zone),
    backedUpAt: formatInstant(dataSet.startedAt, zone),
    backupSet: dataSet.backupSet,
    dataSet: dataSet.id,
    sha256: sha256 ? asBuffer(sha256).toString('hex') : null,
    fuzzy: (flags & versionFlags.fuzzy) !== 0,
    copies: copies.map(describeCopy),
  };
}

/** A name for JSON: escaped, and its bytes beside it where they are not UTF-8. */
export const describePath = (path: Uint8Array): { readonly path: string; readonly pathBytes?: string } => ({
  path: escapePath(path),
  ...(isUtf8Text(path) ? {} : { pathBytes: asBuffer(path).toString('base64') }),
});

function describeCopy(copy: FoundCopy): CopyDocument {
  return {
    ...describePlace(copy),
    ...volumeOf(copy),
    ...(copy.expired ? { expired: true as const } : {}),
    ...(copy.parts.length > 1 ? { parts: copy.parts.map(describePlace) } : {}),
  };
}

const volumeOf = (copy: FoundCopy): { readonly volume?: string } =>
  'unread' in copy ? { volume: copy.unread.volume } : 'volume' in copy ? { volume: copy.volume.id } : {};

function describePlace(place: FoundPlace): PlaceDocument {
  if ('staging' in place) return { staging: true };
  if ('unread' in place) {
    const { barcode, fileNumber, block } = place.unread;
    const location = place.cartridge ? describeLocation(place.cartridge) : { kind: 'unknown' };
    return { cartridge: barcode, tapeFile: fileNumber, block, location, unread: true };
  }
  const { cartridge, copy } = place;
  return {
    cartridge: cartridge.barcode,
    tapeFile: copy.fileNumber,
    block: copy.block,
    location: describeLocation(cartridge),
  };
}
