import assert from 'node:assert/strict';
import { milliseconds } from '#src/base/duration';
import { phases as budgets, stopGrace } from '#src/library/watchdog/phases';
import { type DriveSite, onSite, protectedCartridge, type Ran } from '#test/faults/drive/drive-site';
import { flush, op } from '#test/faults/drive/phases';
import { type Matrix, matrixScenario, sense } from '#test/faults/drive/trials';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault } from '#test/support/faulty-transport';
import { Timeline } from '#test/support/timeline';

const inPlace = "CHECK CONDITION in place of the first drive's answer";
const always = Number.POSITIVE_INFINITY;

const matrices: readonly Matrix[] = [
  {
    name: 'the first of two drives has a fault of its own',
    injected: `${inPlace}, once:`,
    outcome:
      'That drive is put out of use with the reason. The same cartridge goes into the other one, where what was not committed is written from its first block, a label is written, and the rest is read.',
    troubles: [sense(4, 0x44, 0x00), sense(4, 0x53, 0x00)],
    drives: 2,
    endings: {
      load: 'elsewhere',
      look: 'elsewhere',
      append: 'elsewhere',
      write: 'elsewhere',
      commit: 'elsewhere',
      place: 'elsewhere',
      unload: 'told drive.down',
      labelWrite: 'elsewhere',
      labelCommit: 'elsewhere',
      labelRewind: 'elsewhere',
      labelRead: 'elsewhere',
      reach: 'elsewhere',
      read: 'elsewhere',
    },
    messages: [
      'drive:1 of main was put out of use: virtual:…/library drive 1: WRITE(6) failed: hardware error: internal target failure (4/44/00); when it works again: grandsire library inventory --library main',
      'drive:1 of main was put out of use: the cartridge was not taken: hardware error: …',
    ],
  },
  {
    name: 'the first of two drives does not answer in time',
    injected: 'The transport to the first drive gives a command up, once:',
    outcome: 'The same cartridge goes into the other drive. The first one stays in use, behind the other.',
    troubles: [{ text: 'it was carried out, and the answer was late', action: { kind: 'time-out', at: 'after' } }],
    drives: 2,
    endings: {
      load: 'again device.time-out',
      write: 'again device.time-out',
      commit: 'again device.time-out',
      labelWrite: 'resumes',
      read: 'resumes',
    },
    messages: ['virtual:…/library drive 1 did not answer in time …; what was not committed is written again'],
  },
];

/** Written in the other drive: the run said so, and the data sets are whole. */
async function assertWritten(
  site: DriveSite,
  ran: Ran,
  expected: { readonly codes: readonly string[] },
): Promise<void> {
  assert.deepEqual([ran.exitCode, [...ran.codes].sort()], [3, expected.codes], ran.said.join('\n'));
  await site.assertNothingLost(site.template.staged);
}

const writtenTo = (ran: Ran): unknown => (ran.json['flushed'] as readonly { cartridges: unknown }[])[0]?.cartridges;

/** The drive is mended, and all is as before. */
async function assertWellAgain(site: DriveSite): Promise<void> {
  await site.takeDriveBack();
  assert.ok(!(await site.drives()).includes('down'));
  await site.assertNothingLost(site.template.staged, site.template.written);
  const { exitCode, said } = await site.command(['catalog', 'check']);
  assert.equal(exitCode, 0, said.join('\n'));
}

const powerCycles: Scenario = {
  name: 'the first of two drives loses its power at every write',
  injected: `${inPlace} to the third WRITE(6) and all that follow: 6/29/00.`,
  outcome:
    'A lost place is held against no drive, but the other one is taken for the next attempt: the same cartridge is written there.',
  messages: ['drive … lost its place while tape file 5 of cartridge G00001L9 was written: unit attention: …'],
  run: onSite(async (site) => {
    const action = sense(6, 0x29, 0x00).action;
    const ran = await site.command(flush(), { faults: [{ when: op.write, nth: 3, times: always, action }] });
    await assertWritten(site, ran, { codes: ['drive.interrupted'] });
    assert.deepEqual([ran.hits, writtenTo(ran)], [[1], [protectedCartridge]]);
    assert.deepEqual(await site.drives(), ['empty', 'empty']);
    await assertWellAgain(site);
    return ran.said;
  }, 2),
};

const diesInWriting: Scenario = {
  name: 'the first of two drives loses its power in the middle of a write, and does not come back',
  injected: 'The transport to the first drive fails from the third WRITE(6) on.',
  outcome:
    'The drive is put out of use, and its cartridge stays in it: it cannot be made to let go. The run takes the next cartridge, in the other drive. After the inventory that reaches the drive again all is whole.',
  messages: [
    'drive:1 of main was put out of use: the drive cannot be reached: The connection to virtual:…/library drive 1 is lost …',
    'G00001L9 is in drive:1 of main, which is down: …; the run goes on with the next cartridge. …',
  ],
  run: onSite(async (site) => {
    const action = { kind: 'unreachable', stays: true } as const;
    const ran = await site.command(flush(), { faults: [{ when: op.write, nth: 3, action }] });
    await assertWritten(site, ran, { codes: ['cartridge.stuck', 'drive.down'] });
    assert.deepEqual(writtenTo(ran), ['G00002L9']);
    await assertWellAgain(site);
    return ran.said;
  }, 2),
};

const fallsSilent: Scenario = {
  name: 'the first of two drives falls silent in the middle of a write',
  injected: 'The first drive never answers its third WRITE(6), nor anything after it, and no time-out ends that.',
  outcome:
    'Its watchdog gives it up after 40 minutes. It is put out of use with its cartridge; the run takes the next one, in the other drive.',
  messages: [
    'drive:1 of main was put out of use: main/drive:1 did not finish moving data within 40 min; look at its display, power-cycle it, then run `grandsire library inventory`; …',
    'G00001L9 is in drive:1 of main, which is down: …; the run goes on with the next cartridge. …',
  ],
  run: onSite(async (site) => {
    const time = new Timeline();
    const run = (): void => time.pass(milliseconds(budgets.data.budget + stopGrace));
    const faults: readonly Fault[] = [{ when: op.write, nth: 3, action: { kind: 'silence', run } }];
    const ran = await site.command(flush(), { faults, alarm: time.alarm });
    await assertWritten(site, ran, { codes: ['cartridge.stuck', 'drive.down'] });
    assert.deepEqual(writtenTo(ran), ['G00002L9']);
    await assertWellAgain(site);
    return ran.said;
  }, 2),
};

const badMedium: Scenario = {
  name: 'every write fails in the first of two drives',
  injected: `${inPlace} to every WRITE(6): 3/0C/00.`,
  outcome:
    'It may be the cartridge or the drive. The next cartridge goes into the other drive, where all is well; the drive in which it failed stays in use, and the cartridge is suspect until it was looked into.',
  messages: [
    'drive … reported medium error: write error (3/0C/00) while tape file 5 of cartridge G00001L9 was written; the run goes on with the next cartridge. …',
  ],
  run: onSite(async (site) => {
    const action = sense(3, 0x0c, 0x00).action;
    const ran = await site.command(flush(), { faults: [{ when: op.write, times: always, action }] });
    await assertWritten(site, ran, { codes: ['cartridge.write-failed'] });
    assert.deepEqual([ran.hits, writtenTo(ran)], [[1], ['G00002L9']]);
    assert.equal((await site.cartridge(protectedCartridge))['condition'], 'suspect');
    await assertWellAgain(site);
    return ran.said;
  }, 2),
};

export const driveOther: Chapter = {
  title: 'A drive that fails, and another one',
  introduction:
    'Two drives, and something goes wrong in the first. A drive that fails goes down with a reason, and the work goes on in the other one, with the same cartridge where the drive lets go of it.',
  scenarios: [...matrices.map(matrixScenario), powerCycles, diesInWriting, fallsSilent, badMedium],
};
