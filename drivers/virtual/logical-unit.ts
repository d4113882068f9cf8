import { type Reply, sense } from '#drivers/virtual/reply';
import type { DataPhase } from '#src/device/scsi-transport';
import type { InquiryData } from '#src/scsi/inquiry';
import type { OperationName } from '#src/scsi/operation-codes';
import type { ScsiCommand } from '#src/scsi/parse-cdb';
import type { SenseFields } from '#src/scsi/sense';

/** What a logical unit remembers of one opening of it (SAM-5: an I_T nexus). */
export interface Nexus {
  /** Unit attentions and deferred errors not yet told, oldest first. */
  readonly pending: SenseFields[];
  /** PREVENT ALLOW MEDIUM REMOVAL of this opening. */
  preventing: boolean;
  /** D_SENSE of the control mode page. */
  descriptorSense: boolean;
}

/** A device of the library. `perform` is called with one command at a time, and only with those that it supports. */
export interface LogicalUnit {
  /** For messages: `virtual:main drive 1`. */
  readonly address: string;
  readonly inquiry: InquiryData;
  readonly serial: string;
  readonly supported: ReadonlySet<OperationName>;
  readonly maxTransferBytes: number;
  readonly nexuses: Set<Nexus>;
  /** Notices what changed behind its back and tells every nexus. */
  refresh(): void;
  perform(command: ScsiCommand, data: DataPhase, nexus: Nexus): Reply;
}

/** Bounded like a real device's queue: the same attention is not queued twice. */
export function raise(nexuses: Iterable<Nexus>, condition: SenseFields, except?: Nexus): void {
  for (const nexus of nexuses) {
    const known = nexus.pending.some(
      ({ key, asc, ascq }) => key === condition.key && asc === condition.asc && ascq === condition.ascq,
    );
    if (nexus !== except && !known) nexus.pending.push(condition);
  }
}

/** First contact is like a power-on for whoever opens the unit. */
export const newNexus = (): Nexus => ({ pending: [sense.powerOn], preventing: false, descriptorSense: false });

/** All pieces of a data-out phase as one array; the pieces themselves where there is one. */
export function joinDataOut(data: DataPhase): Uint8Array {
  if (data.direction !== 'out') return new Uint8Array(0);
  const [first] = data.data;
  return data.data.length === 1 && first ? first : Buffer.concat(data.data);
}

export function dataOutBytes(data: DataPhase): number {
  if (data.direction !== 'out') return 0;
  let total = 0;
  for (const piece of data.data) total += piece.length;
  return total;
}
