import { defineCommand } from '#src/cli/command';
import type { ExitCode } from '#src/cli/exit-codes';
import type { InventoriesDocument } from '#src/cli/inventories';
import { librariesOf, readPlan } from '#src/cli/read-plan';
import type { ScheduleDay } from '#src/report/schedule-document';

type NextResult = InventoriesDocument | (ScheduleDay & InventoriesDocument);

export const command = defineCommand({
  noun: 'schedule',
  verb: 'next',
  summary: 'the next run: when, which cartridges, and why',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire schedule next', does: 'say which tape is used tonight' }],
  exitCodes: [0, 3, 5],
  json: '{ date, at, rotation, tier, level, cartridges: [BARCODE], protectedUntil, reasons: [{ code, … }], text, inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context): Promise<{ readonly result: NextResult; readonly exitCode: ExitCode }> {
    const { scheduleDay } = await import('#src/report/schedule-document');
    const { readInventories } = await import('#src/cli/inventories');
    await using app = await context.openApp();
    // Every scheme has a run in two months.
    const { runs } = await readPlan(app, context, { from: undefined, to: undefined, days: 62 });
    const [next] = runs;
    const inventories = await readInventories(app, context, librariesOf(app));
    inventories.note();
    if (next === undefined) return { result: inventories.document, exitCode: 5 };
    return { result: { ...scheduleDay(next), ...inventories.document }, exitCode: next.missing > 0 ? 3 : 0 };
  },
  render: (next) =>
    'date' in next
      ? `${next.at}  ${next.rotation}: ${next.tier} (${next.level})  ${next.cartridges.join(' ') || 'no cartridge'}\n    ${next.text}\n`
      : 'No runs: there is no rotation, or it has none in the next two months.\n',
});
