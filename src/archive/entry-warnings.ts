import { type ByteString, bytesOf } from '#src/archive/byte-string';
import type { ContentReader } from '#src/archive/content-reader';
import { sameStamps, sameTimes } from '#src/archive/file-stamps';
import type { FileStat } from '#src/archive/file-stat';
import type { LinkedContent } from '#src/archive/link-table';
import type { PackBuilder } from '#src/archive/pack-builder';
import { escapePath } from '#src/base/bytes';
import type { ErrorCode } from '#src/base/error-codes';
import { versionFlags } from '#src/catalog/files';

export interface Entry {
  readonly directory: ByteString;
  readonly name: ByteString;
  readonly path: ByteString;
}

/** `ENOENT` and the like; `unknown` for what no system call failed with. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

/** What an operator is told of an entry that was not archived as it stood. */
export class EntryWarnings {
  readonly #builder: Pick<PackBuilder, 'warn'>;

  constructor(builder: Pick<PackBuilder, 'warn'>) {
    this.#builder = builder;
  }

  /** What happened to a file while it was read: the flag of its version, and the warning. */
  judgeReading(
    entry: Entry,
    reader: Pick<ContentReader, 'failure' | 'missingBytes'>,
    { before, after }: { readonly before: FileStat; readonly after: FileStat },
  ): number {
    if (reader.failure === undefined && reader.missingBytes === 0 && sameStamps(before, after)) return 0;
    const shown = escapePath(bytesOf(entry.path));
    const zeros = `its last ${reader.missingBytes} bytes are stored as zeros`;
    if (reader.failure !== undefined) {
      this.warn(
        entry,
        'file.unreadable',
        `${shown} could not be read to its end (${codeOf(reader.failure)}); ${zeros}`,
      );
    } else if (reader.missingBytes > 0) {
      this.warn(entry, 'file.shrank', `${shown} became shorter while it was read; ${zeros}`);
    } else if (after.sizeBytes > before.sizeBytes) {
      const stored = `its first ${before.sizeBytes} bytes are stored`;
      this.warn(entry, 'file.grew', `${shown} became longer while it was read; ${stored}`);
    } else {
      this.warn(entry, 'file.changed', `${shown} was changed while it was read; what is stored may mix old and new`);
    }
    return versionFlags.fuzzy;
  }

  /** Whether the content, read under the first name, is what a further name has now: only then may its stamps vouch for it. */
  judgeLink(entry: Entry, known: LinkedContent, stat: FileStat): number {
    if (sameTimes(stat, known) && (stat.type !== 'file' || stat.sizeBytes === known.sizeBytes)) return 0;
    const [name, first] = [entry.path, known.path].map((path) => escapePath(bytesOf(path)));
    this.warn(
      entry,
      'file.changed',
      `${name} was changed after its content was read as ${first}, a name of the same file; what is stored for both is older`,
    );
    return versionFlags.fuzzy;
  }

  /** Warns of what cannot be archived, and throws what is no failure of the file. */
  failed(entry: Entry, error: unknown): void {
    const code = codeOf(error);
    if (code === 'unknown' || !(error instanceof Error) || error.name === 'GrandsireError') throw error;
    const shown = escapePath(bytesOf(entry.path));
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      this.warn(entry, 'file.vanished', `${shown} vanished before it could be read`);
    } else {
      this.warn(entry, 'file.unreadable', `${shown} cannot be read (${code})`);
    }
  }

  warn(entry: Entry, code: ErrorCode, message: string): void {
    this.#builder.warn({ path: bytesOf(entry.path), code, message });
  }
}
