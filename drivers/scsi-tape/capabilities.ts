import type { TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import type { TapeDriveCapabilities } from '#src/device/tape-drive';
import { definitionOf, type OperationName } from '#src/scsi/operation-codes';
import { encodeReadBlockLimitsCdb, parseBlockLimits } from '#src/scsi/read-block-limits';
import type { ReadPositionForm } from '#src/scsi/read-position';
import {
  encodeReportSupportedOperationCodesCdb,
  parseSupportedOperations,
} from '#src/scsi/report-supported-operation-codes';
import { maximumTransferLength } from '#src/scsi/tape-read-write';

/** Commands that drives of the field lack, each with something to do in its place. */
type Optional = Extract<
  OperationName,
  'locate10' | 'locate16' | 'space16' | 'erase6' | 'readAttribute' | 'logSense' | 'readPosition'
>;

/**
 * What the drive can: its own list of commands where it has one, else what it did not refuse so far. Only `refused` changes it,
 * once a command was answered with INVALID COMMAND OPERATION CODE.
 */
export class DriveAbilities {
  readonly #listed: ReadonlySet<OperationName> | undefined;
  readonly #refused = new Set<OperationName>();
  readonly limits: { readonly minBlockBytes: number; readonly maxBlockBytes: number };
  /** The form of READ POSITION that told where the beginning is; `none` where it did not know; undefined until tried. */
  positionForm: ReadPositionForm | 'none' | undefined;
  /** False once a filemark with IMMED was refused: each filemark then synchronises. */
  buffersFilemarks = true;

  constructor(
    listed: ReadonlySet<OperationName> | undefined,
    limits: { readonly minBlockBytes: number; readonly maxBlockBytes: number },
  ) {
    this.#listed = listed;
    this.limits = limits;
  }

  can(operation: Optional): boolean {
    return !this.#refused.has(operation) && (this.#listed?.has(operation) ?? true);
  }

  refused(operation: Optional): void {
    this.#refused.add(operation);
  }

  get asData(): TapeDriveCapabilities {
    return {
      knowsPosition: this.positionForm === 'short' || this.positionForm === 'long',
      canLocate: this.can('locate10') || this.can('locate16'),
      canErase: this.can('erase6'),
      canReadAttributes: this.can('readAttribute'),
      canLog: this.can('logSense'),
      ...this.limits,
    };
  }
}

export async function askAbilities(unit: TapeUnit): Promise<DriveAbilities> {
  const listed = await listCommands(unit);
  return new DriveAbilities(listed, await readBlockLimits(unit));
}

/** REPORT SUPPORTED OPERATION CODES; undefined where the drive has no such list. */
async function listCommands(unit: TapeUnit): Promise<ReadonlySet<OperationName> | undefined> {
  const buffer = new Uint8Array(16 * 1024);
  const cdb = encodeReportSupportedOperationCodesCdb({ query: { kind: 'all' }, allocationBytes: buffer.length });
  const answer = await unit.sendAside({ cdb, data: { direction: 'in', buffer }, timeout: timeLimits.inquiry });
  if (answer.kind === 'check' || answer.transferredBytes < 4) return undefined;
  const { operations, truncated } = parseSupportedOperations(buffer.subarray(0, answer.transferredBytes));
  // A list that is cut short, or has no WRITE(6), is no list of what a tape drive can.
  if (truncated) return undefined;
  const names = new Set<OperationName>();
  for (const name of optionalAndKnown) {
    const { operationCode, serviceAction } = definitionOf(name);
    const isListed = operations.some(
      (listed) =>
        listed.operationCode === operationCode &&
        (serviceAction === undefined || listed.serviceAction === serviceAction),
    );
    if (isListed) names.add(name);
  }
  return names.has('write6') ? names : undefined;
}

const optionalAndKnown = [
  'write6',
  'locate10',
  'locate16',
  'space16',
  'erase6',
  'readAttribute',
  'logSense',
  'readPosition',
] as const satisfies readonly OperationName[];

async function readBlockLimits(
  unit: TapeUnit,
): Promise<{ readonly minBlockBytes: number; readonly maxBlockBytes: number }> {
  const most = Math.min(unit.transport.maxTransferBytes, maximumTransferLength);
  const buffer = new Uint8Array(6);
  const answer = await unit.sendAside({
    cdb: encodeReadBlockLimitsCdb(),
    data: { direction: 'in', buffer },
    timeout: timeLimits.inquiry,
  });
  if (answer.kind === 'check' || answer.transferredBytes < 6) return { minBlockBytes: 1, maxBlockBytes: most };
  const { maximumBlockBytes, minimumBlockBytes } = parseBlockLimits(buffer);
  return {
    minBlockBytes: Math.max(1, minimumBlockBytes),
    // 0: the drive reports no maximum (SSC-5, READ BLOCK LIMITS data).
    maxBlockBytes: maximumBlockBytes === 0 ? most : Math.min(most, maximumBlockBytes),
  };
}
