import { defineCommand } from '#src/cli/command';
import type { ExitCode } from '#src/cli/exit-codes';
import type { InventoriesDocument } from '#src/cli/inventories';
import { commitPlan, librariesOf, readPlan } from '#src/cli/read-plan';
import type { ScheduleDocument } from '#src/report/schedule-document';

interface PrintResult extends ScheduleDocument, InventoriesDocument {
  /** The page, where it was not written to a file. */
  readonly page?: string;
  readonly out?: string;
}

export const command = defineCommand({
  noun: 'schedule',
  verb: 'print',
  summary: 'the schedule as a page for the wall, and fix it',
  description:
    'Three months from today, if nothing else is asked for. What is printed is kept: later runs use these cartridges, and depart from ' +
    'the page only where they must.',
  positionals: [],
  options: {
    from: { kind: 'text', value: 'DAY', summary: 'first day; default: today' },
    to: { kind: 'text', value: 'DAY', summary: 'last day; default: three months' },
    format: { kind: 'choice', choices: ['text'], summary: 'of the page', default: 'text' },
    out: { kind: 'text', value: 'FILE', summary: 'write it to this file, which must not exist' },
  },
  examples: [
    { command: 'grandsire schedule print', does: 'print the next three months' },
    { command: 'grandsire schedule print --to 2027-03-31 --out schedule.txt', does: 'write it to a file' },
  ],
  exitCodes: [0, 3, 6],
  json: '{ from, to, days, shortages, inventoriedAt, inventories (as in `schedule show`), page?, out? }',
  async run(context, { from, to, out }): Promise<{ readonly result: PrintResult; readonly exitCode: ExitCode }> {
    const { openOutputFile } = await import('#src/cli/raw-output');
    const { scheduleDocument } = await import('#src/report/schedule-document');
    const { scheduleText } = await import('#src/report/schedule-text');
    const { readInventories } = await import('#src/cli/inventories');
    await using app = await context.openApp();
    const plan = await readPlan(app, context, { from, to, days: 92 });
    const page = scheduleText(plan);
    await using file = out === undefined ? undefined : await openOutputFile(context, out);
    await file?.write(Buffer.from(page));
    await file?.sync();
    // After the page is there: what nobody has seen is not fixed. A page that could not be fixed goes again.
    await commitPlan(app, plan);
    await file?.finish();
    const inventories = await readInventories(app, context, librariesOf(app));
    inventories.note();
    const result = {
      ...scheduleDocument(plan),
      ...inventories.document,
      ...(file?.path === undefined ? { page } : { out: file.path }),
    };
    return { result, exitCode: plan.shortages.length > 0 ? 3 : 0 };
  },
  render: ({ page, out }) => page ?? `wrote ${out}\n`,
});
