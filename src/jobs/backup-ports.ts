import type { ArchiveThreads } from '#src/archive/archive-threads';
import type { Clock } from '#src/base/clock';
import type { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import type { Configuration } from '#src/config/configuration';
import type { DespoolProgress } from '#src/jobs/despool/despool-ports';
import type { MountCartridge } from '#src/jobs/mounting';

/** What backups and flushes work with. */
export interface BackupPorts {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly configuration: Configuration;
  /** The library is opened at the first mount: a run that only stages touches none. */
  readonly mount: (library: string) => MountCartridge;
  /** Has the library look what lies where: at any time, or only where nobody ever has. Once, however often it is asked for. */
  readonly look: (library: string, when: 'now' | 'if-never') => Promise<void>;
  /** What a cartridge of this library holds where the catalog does not know it yet; undefined where nobody knows. */
  readonly capacityOf: (library: string) => Promise<number | undefined>;
  /** Something that the operator should know; the run goes on (exit code 3). */
  readonly onWarning: (warning: {
    readonly code: GrandsireError['code'];
    readonly message: string;
    readonly path?: string;
  }) => void;
  readonly onStaged?: ((progress: { readonly files: number; readonly bytes: number }) => void) | undefined;
  readonly onWritten?: ((progress: DespoolProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Made early by whoever has something else to load meanwhile. */
  readonly threads?: ArchiveThreads | undefined;
}
