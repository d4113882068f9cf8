import { GrandsireError } from '#src/base/errors';
import type { SegmentRecord } from '#src/catalog/data-sets';
import type { DespoolPorts } from '#src/jobs/despool/despool-ports';
import type { Round } from '#src/jobs/despool/despool-state';
import type { WriteSession } from '#src/session/write-session';

/** A segment that does not even fit on an empty cartridge fits on none: going on would use them all up. */
export async function assertCartridgeNotEmpty(
  segment: SegmentRecord,
  session: WriteSession,
  ports: DespoolPorts,
): Promise<void> {
  await assertEndBelievable(segment.payloadBytes, session, ports);
  if (!(await isEmpty(session, ports))) return;
  throw new GrandsireError('segment.too-large', {
    message: `segment ${segment.number} (${segment.payloadBytes} bytes) does not fit on the empty cartridge ${session.cartridge.barcode}`,
    remedy: 'Set staging.segmentSize in grandsire.yaml to a sixteenth of a cartridge, and run the backup again.',
  });
}

/** Where something found no room on an empty cartridge that should have, by far, the cartridge is at fault, or the drive: the next run must not take it again. */
export async function assertEndBelievable(
  payloadBytes: number,
  session: WriteSession,
  ports: DespoolPorts,
): Promise<void> {
  const { id, barcode } = session.cartridge;
  const capacityBytes = (await ports.repositories.cartridges.get(id))?.capacityBytes;
  if (capacityBytes === undefined || payloadBytes >= capacityBytes / 2 || !(await isEmpty(session, ports))) return;
  throw new GrandsireError('cartridge.write-failed', {
    message: `cartridge ${barcode} was said to be at its end before ${payloadBytes} of its ${capacityBytes} bytes were written`,
    remedy: `The rest goes to another cartridge. Clean the drive; if it happens again, take the cartridge out of the library.`,
  });
}

const isEmpty = async ({ volume }: WriteSession, { repositories }: DespoolPorts): Promise<boolean> =>
  !(await repositories.tapeFiles.ofVolume(volume.key)).some(
    ({ kind, state }) => kind !== 'label' && state === 'written',
  );

export async function noteFill({ ports }: Round, session: WriteSession, full: boolean): Promise<void> {
  if (full || session.nearEnd) await ports.repositories.cartridges.update(session.cartridge.id, { fill: 'full' });
}
