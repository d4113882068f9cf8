import type { ActionRepository } from '#src/catalog/actions';
import type { AllocationRepository } from '#src/catalog/allocations';
import type { CartridgeRepository } from '#src/catalog/cartridges';
import type { DataSetRepository } from '#src/catalog/data-sets';
import type { FileRepository } from '#src/catalog/files';
import type { LeaseRepository } from '#src/catalog/leases';
import type { LibraryRepository } from '#src/catalog/libraries';
import type { TapeFileRepository } from '#src/catalog/tape-files';
import type { VolumeRepository } from '#src/catalog/volumes';

/** The repositories by aggregate. Inside a transaction the same set, bound to it. */
export interface Repositories {
  readonly cartridges: CartridgeRepository;
  readonly volumes: VolumeRepository;
  readonly tapeFiles: TapeFileRepository;
  readonly dataSets: DataSetRepository;
  readonly files: FileRepository;
  readonly libraries: LibraryRepository;
  readonly leases: LeaseRepository;
  readonly allocations: AllocationRepository;
  readonly actions: ActionRepository;
}

export interface CatalogStats {
  /** Different names. */
  readonly files: number;
  readonly versions: number;
  readonly dataSets: number;
  readonly cartridges: number;
  /** Size of the catalog itself. */
  readonly bytes: number;
}

/** A place where the catalog contradicts itself (or what it names on disk). */
export interface Finding {
  /** `noun.reason`, listed in error-codes. */
  readonly code: string;
  readonly subject: string;
  readonly message: string;
  /** What `catalog check --repair` does about it, or what the operator is to do. */
  readonly repair: string;
  readonly repairable: boolean;
}

/**
 * Everything that is known: cartridges, volumes, data sets, files.
 *
 * Law:
 * - One writing connection a process; a transaction enters its queue whole (`BEGIN IMMEDIATE`) and is durable when its promise resolves
 *   (`synchronous=FULL`). Reads outside of transactions see the last commit.
 * - Inside `transaction` only the repositories handed in may be used: using the outer ones from inside throws `internal.bug`. What walks many rows
 *   (`selection`, `ofDataSet`, `directoriesOf`) works outside of transactions only.
 * - No waiting for devices inside a transaction; bulk transactions end within 100 ms.
 * - Versions of files become visible (find, selection) with the commit that makes their segment `staged`, never before.
 */
export interface Catalog extends Repositories, AsyncDisposable {
  transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  stats(): Promise<CatalogStats>;
  /** Consistency of the catalog with itself (foreign keys, chains, counts, SQLite's own check). */
  check(): Promise<readonly Finding[]>;
  /** Does what can be done about the repairable ones, checks again, and returns what is left. */
  repair(findings: readonly Finding[]): Promise<readonly Finding[]>;
  /** A consistent copy of the whole catalog in one file, while others work (VACUUM INTO or the like). */
  backupTo(path: string): Promise<void>;
}
