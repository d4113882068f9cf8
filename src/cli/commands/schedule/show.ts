import { defineCommand } from '#src/cli/command';
import type { ExitCode } from '#src/cli/exit-codes';
import type { InventoriesDocument } from '#src/cli/inventories';
import { commitPlan, librariesOf, readPlan } from '#src/cli/read-plan';
import type { ScheduleDocument } from '#src/report/schedule-document';

type ShowResult = ScheduleDocument & InventoriesDocument;

export const command = defineCommand({
  noun: 'schedule',
  verb: 'show',
  summary: 'which cartridges on which day, and why',
  description:
    'Four weeks from today, if nothing else is asked for. It is worked out from the catalog; no device is touched. With --commit the ' +
    'plan is kept as it stands, and departed from only where it must be, with the reason.',
  positionals: [],
  options: {
    from: { kind: 'text', value: 'DAY', summary: 'first day; default: today' },
    to: { kind: 'text', value: 'DAY', summary: 'last day; default: four weeks' },
    commit: { kind: 'flag', summary: 'keep this plan' },
  },
  examples: [
    { command: 'grandsire schedule show', does: 'show the next four weeks' },
    { command: 'grandsire schedule show --from 2027-01-01 --to 2027-03-31', does: 'show the first quarter of 2027' },
  ],
  exitCodes: [0, 3],
  json: '{ from, to, days: [{ date, at, rotation, tier, level, cartridges: [BARCODE], protectedUntil, reasons: [{ code, … }], text }], shortages: [{ date, rotation, pool, missing, elsewhere: [BARCODE], unread: [BARCODE] }], inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context, { from, to, commit }): Promise<{ readonly result: ShowResult; readonly exitCode: ExitCode }> {
    const { scheduleDocument } = await import('#src/report/schedule-document');
    const { readInventories } = await import('#src/cli/inventories');
    await using app = await context.openApp();
    const plan = await readPlan(app, context, { from, to, days: 28 });
    if (commit) await commitPlan(app, plan);
    const inventories = await readInventories(app, context, librariesOf(app));
    inventories.note();
    const result = { ...scheduleDocument(plan), ...inventories.document };
    return { result, exitCode: plan.shortages.length > 0 ? 3 : 0 };
  },
  render: ({ days, shortages }) =>
    days
      .map(
        ({ date, tier, level, cartridges, text }) =>
          `${date}  ${tier} (${level})  ${cartridges.join(' ') || '-'}\n    ${text}\n`,
      )
      .join('') +
    shortages.map(({ date, pool, missing }) => `${date}  ${missing} too few for pool ${pool}\n`).join('') +
    (days.length === 0 ? 'No runs.\n' : ''),
});
