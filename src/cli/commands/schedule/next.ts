import { defineCommand } from '#src/cli/command';
import type { ExitCode } from '#src/cli/exit-codes';
import { readPlan } from '#src/cli/read-plan';
import type { ScheduleDay } from '#src/report/schedule-document';

export const command = defineCommand({
  noun: 'schedule',
  verb: 'next',
  summary: 'the next run: when, which cartridges, and why',
  positionals: [],
  options: {},
  examples: [{ command: 'grandsire schedule next', does: 'say which tape is used tonight' }],
  exitCodes: [0, 3, 5],
  json: '{ date, at, rotation, tier, level, cartridges: [BARCODE], protectedUntil, reasons: [{ code, … }], text }',
  async run(context): Promise<{ readonly result: ScheduleDay | Record<string, never>; readonly exitCode: ExitCode }> {
    const { scheduleDay } = await import('#src/report/schedule-document');
    await using app = await context.openApp();
    // Every scheme has a run in two months.
    const { runs } = await readPlan(app, context, { from: undefined, to: undefined, days: 62 });
    const [next] = runs;
    if (next === undefined) return { result: {}, exitCode: 5 };
    return { result: scheduleDay(next), exitCode: next.missing > 0 ? 3 : 0 };
  },
  render: (next) =>
    'date' in next
      ? `${next.at}  ${next.rotation}: ${next.tier} (${next.level})  ${next.cartridges.join(' ') || 'no cartridge'}\n    ${next.text}\n`
      : 'No runs: there is no rotation, or it has none in the next two months.\n',
});
