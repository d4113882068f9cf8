import type { ByteString } from '#src/archive/byte-string';
import type { LinkTableFiles } from '#src/archive/link-table';
import type { ArchiveWarning } from '#src/archive/pack-builder';
import type { PipelineMemory } from '#src/archive/pipeline-memory';
import type { Selection } from '#src/archive/selection';
import type { PackReport } from '#src/archive/thread-outlet';
import type { WalkedFileSystem } from '#src/catalog/data-sets';

export interface FillerData {
  readonly memory: PipelineMemory;
  readonly filler: number;
  readonly links: LinkTableFiles;
}

export interface WriterData {
  readonly memory: PipelineMemory;
}

export interface WalkerData {
  readonly memory: PipelineMemory;
  readonly selection: Selection;
  /** Whether there is an earlier data set to compare with. */
  readonly hasReference: boolean;
  readonly ignoreInode: boolean;
  readonly previousFileSystems: readonly WalkedFileSystem[];
  readonly acceptsFileSystems: boolean;
  /** For what is too much to be held. */
  readonly scratchDirectory: string;
}

/** A name that was there before and is gone. */
export interface Deletion {
  readonly directory: Uint8Array;
  readonly name: Uint8Array;
}

export type FillerMessage = PackReport;

/** The writer asks for the file of a segment, says when it is full, and asks what to do when the disk is. */
export type WriterMessage =
  | { readonly kind: 'open'; readonly segment: number }
  | { readonly kind: 'close'; readonly segment: number; readonly payloadBytes: number; readonly xxh64: string }
  | { readonly kind: 'disk-full'; readonly segment: number };

/** A `ReferencePlace`; text goes between threads faster than bytes. */
export interface WalkerPlace {
  readonly directory: ByteString;
  readonly from: ByteString;
}

export type WalkerMessage =
  | { readonly kind: 'reference'; readonly places: readonly WalkerPlace[]; readonly limit: number }
  | { readonly kind: 'warning'; readonly warning: ArchiveWarning }
  | { readonly kind: 'deletions'; readonly deletions: readonly Deletion[] }
  | {
      readonly kind: 'walked';
      readonly fileSystems: readonly WalkedFileSystem[];
      readonly failedRoots: readonly Uint8Array[];
    };

/** The main thread's answers to the walker. */
export type WalkerAnswer =
  | { readonly kind: 'reference'; readonly pages: string }
  | { readonly kind: 'repeat'; readonly directories: readonly ByteString[] };
