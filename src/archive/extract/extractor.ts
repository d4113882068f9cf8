import { DirectoryLog, type LoggedDirectory } from '#src/archive/extract/directory-log';
import { applyMetadata, PathTarget } from '#src/archive/extract/entry-metadata';
import { type RestoreContext, restoreEntry, type WantedName } from '#src/archive/extract/restore-entry';
import { TargetDirectories } from '#src/archive/extract/target-directories';
import { type FailedEntry, metadataLost } from '#src/archive/extract/target-failure';
import type { MemberHeader } from '#src/archive/tar/member-header';
import { relativePath } from '#src/archive/tar/member-path';
import { createPace, memberWorkBytes, type Pace } from '#src/archive/tar/pace';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { readMemberHeader } from '#src/archive/tar/read-member';
import { asBuffer, escapePath } from '#src/base/bytes';
import type { ErrorCode } from '#src/base/error-codes';
import { GrandsireError } from '#src/base/errors';
import { type FileVersion, versionFlags } from '#src/catalog/files';

export interface ExtractorOptions {
  /** Made if it is missing. The whole original path of everything comes below it; nothing ever leaves it. */
  readonly directory: string;
  /** Replace files that exist. Directories that exist are merged in either case, and given the metadata of those restored. */
  readonly overwrite: boolean;
  /** Give everything its numeric owner; by default as root. */
  readonly ownership?: boolean;
  readonly signal?: AbortSignal;
  /** Told of each name that was not restored, or (`restore.metadata-lost`) not completely; the rest goes on. */
  readonly onFailed: (failure: FailedEntry) => void;
}

/** A version to be restored, with all names that share its place: they become one inode. */
export type WantedVersion = FileVersion & {
  /** Further absolute paths. */
  readonly names?: readonly Uint8Array[];
};

export interface Extracted {
  /** Names that are in place now. */
  readonly files: number;
  /** Of content, once for all names. */
  readonly bytes: number;
}

/**
 * Restores versions one at a time.
 *
 * Law: `extract` is called for one version after the other, in any order (that of the stream is the fast one), the stream standing at the version's place; where it stands
 * afterwards is not said. `finish` is called in every case, interruptions too: it gives directories their metadata. Then it is disposed of.
 *
 * Final for the whole restore, and thrown: `restore.disk-full`, `command.interrupted`, and what the stream's source throws of its own (a device).
 */
export interface Extractor extends Disposable {
  extract(stream: PayloadStream, version: WantedVersion): Promise<Extracted>;
  finish(): Promise<void>;
}

export function createExtractor(options: ExtractorOptions): Extractor {
  return new TreeExtractor(options);
}

/** Failures of one entry. */
const entryCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'archive.damaged',
  'archive.truncated',
  'archive.wrong-member',
  'restore.blocked',
  'restore.digest-differs',
  'restore.exists',
  'restore.metadata-lost',
  'restore.path-refused',
  'restore.write-failed',
]);

const nothing: Extracted = { files: 0, bytes: 0 };

class TreeExtractor implements Extractor {
  readonly #options: ExtractorOptions;
  readonly #ownership: boolean;
  readonly #directories: TargetDirectories;
  readonly #log = new DirectoryLog();
  readonly #pace: Pace;
  readonly #context: RestoreContext;

  constructor(options: ExtractorOptions) {
    this.#options = options;
    this.#ownership = options.ownership ?? process.geteuid?.() === 0;
    this.#directories = new TargetDirectories(options.directory);
    this.#pace = createPace(options.signal);
    this.#context = {
      directories: this.#directories,
      overwrite: options.overwrite,
      ownership: this.#ownership,
      pace: this.#pace,
      fail: this.#fail,
    };
  }

  async extract(stream: PayloadStream, version: WantedVersion): Promise<Extracted> {
    await this.#pace(memberWorkBytes);
    const targets = this.#targets(version);
    if (targets.length === 0) return nothing;
    try {
      const header = await readMemberHeader(stream);
      checkMember(header, version, stream);
      if (header.type === 'directory') return this.#makeDirectory(header, targets);
      return await restoreEntry(this.#context, { header, stream, sha256: version.sha256 }, targets);
    } catch (error) {
      for (const { path } of targets) this.#fail(path, error);
      return nothing;
    }
  }

  async finish(): Promise<void> {
    const pace = createPace(undefined);
    const closed: LoggedDirectory[] = [];
    for (const entry of this.#log.entries()) {
      // Nothing below a directory can be reached that its owner may not search: such ones last, and the deepest of them first.
      if ((entry.metadata.mode & 0o100) === 0 && process.geteuid?.() !== 0) closed.push(entry);
      else this.#finishDirectory(entry);
      await pace(memberWorkBytes);
    }
    closed.sort((a, b) => Buffer.compare(b.path, a.path));
    for (const entry of closed) this.#finishDirectory(entry);
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
    this.#directories[Symbol.dispose]();
  }

  /** The names to be made; one that could lead out of the directory is refused here. */
  #targets(version: WantedVersion): readonly WantedName[] {
    const targets: WantedName[] = [];
    for (const path of version.names === undefined ? [version.path] : [version.path, ...version.names]) {
      const relative = relativePath(path);
      if (relative === undefined) this.#fail(path, refusedPath(path));
      else targets.push({ path, relative });
    }
    return targets;
  }

  #makeDirectory(header: MemberHeader, targets: readonly WantedName[]): Extracted {
    for (const { relative } of targets) {
      this.#directories.make(relative, this.#options);
      this.#log.add({ path: relative, metadata: header });
    }
    return { files: targets.length, bytes: 0 };
  }

  #finishDirectory({ path, metadata }: LoggedDirectory): void {
    const shown = this.#directories.shown(path);
    try {
      const { fd } = this.#directories.open(path.toString('latin1'));
      // Those that exist may have other ACLs, and those that were made the default of the one above.
      const lost = applyMetadata(new PathTarget(fd), metadata, { ownership: this.#ownership, hasForeignAcls: true });
      if (lost.length > 0) throw metadataLost(shown, lost);
    } catch (error) {
      this.#fail(Buffer.concat([slash, path]), error);
    }
  }

  /** Reports what concerns one entry; throws what ends the restore. */
  readonly #fail = (path: Uint8Array, error: unknown): void => {
    if (!(error instanceof GrandsireError) || !entryCodes.has(error.code)) throw error;
    this.#options.onFailed({ path, code: error.code, message: error.message });
  };
}

const slash = Buffer.from('/');

/** The catalog and the archive must speak of the same file: an archive of somebody else's making names what it likes. */
function checkMember(
  header: MemberHeader | undefined,
  version: WantedVersion,
  stream: PayloadStream,
): asserts header is MemberHeader {
  const wrong = (what: string): GrandsireError =>
    new GrandsireError('archive.wrong-member', {
      message: `${escapePath(version.path)}: at segment ${version.segment}, byte ${version.offset} of its payload ${what}`,
      remedy: 'Run `grandsire verify` on the data set, and `grandsire catalog check`; another copy of it may be whole.',
      details: { place: stream.place },
    });
  if (header === undefined) throw wrong('the data set ends');
  if (header.type !== version.type) throw wrong(`there is a ${header.type}, not a ${version.type}`);
  const isFurtherName = (version.flags & versionFlags.hardLink) !== 0;
  // The content of a further name stands under the first name, which may not be among those wanted.
  if (!isFurtherName && !header.path.equals(asBuffer(version.path).subarray(1))) {
    throw wrong(`there is /${escapePath(header.path)}`);
  }
  if (header.type === 'file' && header.sizeBytes !== version.sizeBytes) {
    throw wrong(`there is a file of ${header.sizeBytes} bytes, not of ${version.sizeBytes}`);
  }
}

const refusedPath = (path: Uint8Array): GrandsireError =>
  new GrandsireError('restore.path-refused', {
    message: `${escapePath(path)}: is not restored, because it could lead out of the directory that is restored to`,
    remedy: 'Run `grandsire catalog check`: no backup of this program makes such a path.',
  });
