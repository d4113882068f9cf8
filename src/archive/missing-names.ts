import { type ByteString, byteStringOf, bytesOf } from '#src/archive/byte-string';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import type { Deletion } from '#src/archive/thread-messages';
import { escapePath } from '#src/base/bytes';
import type { WalkedFileSystem } from '#src/catalog/data-sets';

export interface MissingNamesOptions {
  /** File systems that the earlier run walked. */
  readonly previousFileSystems: readonly WalkedFileSystem[];
  readonly warn: (warning: ArchiveWarning) => void;
  readonly deleted: (deletion: Deletion) => void;
}

/** Names that an earlier run knew and a directory lacks: deleted, unless another file system stands in that place now. */
export class MissingNames {
  readonly #options: MissingNamesOptions;
  readonly #reportedFileSystems = new Set<ByteString>();

  constructor(options: MissingNamesOptions) {
    this.#options = options;
  }

  /** @param fileSystem on which the directory is now */
  report({ path, fileSystem }: { readonly path: ByteString; readonly fileSystem: string }, name: ByteString): void {
    const before = this.#fileSystemBefore(path);
    if (before === undefined || before.device === fileSystem) {
      this.#options.deleted({ directory: bytesOf(path), name: bytesOf(name) });
      return;
    }
    const root = byteStringOf(before.path);
    if (this.#reportedFileSystems.has(root)) return;
    this.#reportedFileSystems.add(root);
    const message = `${escapePath(before.path)} was on device ${before.device} and is on ${fileSystem} now: names missing there are not taken for deleted`;
    this.#options.warn({ path: bytesOf(path), code: 'file.other-file-system', message });
  }

  /** The file system that the path was on in the earlier run: that of the longest root or mount point above it. */
  #fileSystemBefore(path: ByteString): WalkedFileSystem | undefined {
    let best: WalkedFileSystem | undefined;
    for (const candidate of this.#options.previousFileSystems) {
      const at = byteStringOf(candidate.path);
      const isAbove = path === at || at === '/' || path.startsWith(`${at}/`);
      if (isAbove && at.length >= (best?.path.length ?? 0)) best = candidate;
    }
    return best;
  }
}
