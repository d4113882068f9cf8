import type { Repositories } from '#src/catalog/catalog';
import type { TapeAlert } from '#src/device/tape-drive';
import type { Bay } from '#src/library/drives/drive-bays';
import { nameDrive, type StateParts } from '#src/library/drives/drive-state';

const event = 'drive.alerts';

/** TapeAlert flags (SSC-5) that ask somebody to do something about the cleanliness of the drive; the drive keeps them until that was done. */
const cleanNow = 20;
const cleanPeriodic = 21;
const expiredCleaningMedium = 22;
const invalidCleaningMedium = 23;

const asking: ReadonlySet<number> = new Set([cleanNow, cleanPeriodic, expiredCleaningMedium, invalidCleaningMedium]);

/**
 * What a drive asks for once it has given its cartridge back is told, and kept for `drive list` until it asks no more. Asked then, because the drive is at work no more, and the
 * place on a medium no matter. Work is not refused to it: that a drive wants to be cleaned says nothing of what it wrote.
 */
export async function noteAlerts(parts: StateParts, { number, drive }: Bay): Promise<void> {
  const { catalog, clock, name, warn } = parts;
  // Telemetry fails no job.
  const alerts = (await drive.alerts().catch(() => [])).filter(({ flag }) => asking.has(flag));
  const subject = nameDrive(parts, number);
  const known = await standingAlerts(catalog, subject);
  const flags = alerts.map(({ flag }) => flag).join();
  if (flags !== known.map(({ flag }) => flag).join())
    await catalog.actions.append({ at: clock.now(), event, subject, details: { alerts } });
  for (const alert of alerts) {
    const remedy = await remedyFor(parts, number, alert);
    const message = `drive:${number} of ${name} reports TapeAlert ${alert.flag}, ${alert.name}. ${remedy}`;
    warn({ code: 'drive.wants-cleaning', subject, message });
  }
}

/** What a drive, `main/drive:1`, asked for last. */
export async function standingAlerts(
  { actions }: Pick<Repositories, 'actions'>,
  subject: string,
): Promise<readonly TapeAlert[]> {
  const [last] = await actions.list({ subject, event, limit: 1 });
  return (last?.details['alerts'] ?? []) as readonly TapeAlert[];
}

async function remedyFor({ catalog, name }: StateParts, number: number, { flag }: TapeAlert): Promise<string> {
  const when = flag === cleanPeriodic ? 'in the next days' : 'before the next run';
  if (flag === expiredCleaningMedium || flag === invalidCleaningMedium)
    return 'It was not cleaned. Take the cleaning cartridge out of the library, and put a new one in.';
  const cleaning = (await catalog.cartridges.list({ library: name })).find(
    ({ kind, location }) => kind === 'cleaning' && location.kind === 'slot',
  );
  if (cleaning?.location.kind !== 'slot') return `Put a cleaning cartridge in, and clean it ${when}.`;
  const { barcode, location } = cleaning;
  return (
    `Clean it ${when}: grandsire library move ${barcode} drive:${number} --library ${name}; after some minutes, when the drive has finished, ` +
    `grandsire library move drive:${number} slot:${location.number} --library ${name}.`
  );
}
