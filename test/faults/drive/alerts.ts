import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeTapeAlertBits } from '#src/scsi/tape-alert';
import { type DriveSite, onSite, protectedCartridge, type Ran } from '#test/faults/drive/drive-site';
import { flush, verify } from '#test/faults/drive/phases';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault } from '#test/support/faulty-transport';

/** Behind the headers of the page and of its one parameter (SSC-5, TapeAlert response log page). */
const bitsAt = 8;

/** The drive sets one TapeAlert flag more, always. */
const alerting = (flag: number): Fault => ({
  when: (cdb) => cdb[0] === 0x4d && ((cdb[2] ?? 0) & 0x3f) === 0x12,
  times: Number.POSITIVE_INFINITY,
  action: {
    kind: 'answer',
    edit: (bytes) => {
      for (const [index, bits] of encodeTapeAlertBits([flag]).entries()) bytes[bitsAt + index] = bits;
      return bytes;
    },
  },
});

async function alertsOf(site: DriveSite): Promise<unknown> {
  const { json } = await site.command(['drive', 'list']);
  return (json['drives'] as readonly { readonly alerts: unknown }[])[0]?.alerts;
}

/** The run did all that it was to do, and said so as a warning. */
async function assertDoneAndTold(site: DriveSite, ran: Ran, alerts: readonly string[]): Promise<void> {
  assert.deepEqual([ran.exitCode, ran.codes], [3, ['drive.wants-cleaning']], ran.said.join('\n'));
  assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: [protectedCartridge] }]);
  assert.deepEqual(await alertsOf(site), alerts);
  assert.equal((await site.cartridge(protectedCartridge))['condition'], 'good');
}

const asks = (flag: number, { name, alert, when }: { name: string; alert: string; when: string }): Scenario => ({
  name,
  injected: `TapeAlert flag ${flag} is set in every answer of the first drive to LOG SENSE, page 12h.`,
  outcome:
    'The run does all of its work, and says it at the end; `grandsire drive list` says it until a later session finds the flag cleared. Nothing is held against drive or cartridge.',
  messages: [`drive:1 of main reports TapeAlert ${flag}, ${alert}. Put a cleaning cartridge in, and clean it ${when}.`],
  run: onSite(async (site) => {
    const ran = await site.command(flush(), { faults: [alerting(flag)] });
    await assertDoneAndTold(site, ran, [alert]);
    assert.deepEqual(await site.drives(), ['empty']);
    await site.assertNothingLost(site.template.staged, site.template.written);
    assert.equal(await alertsOf(site), undefined);
    return ran.said;
  }),
});

const cleaning = 'CLNU01CU';
const usedUp = 'expired cleaning medium: the cleaning cartridge is used up';
const cleanNow = 'clean now: the drive needs cleaning';

/** What the folder of the virtual library says of its first drive, and of the cleaning cartridge. */
function set(site: DriveSite, { required, left }: { readonly required: boolean; readonly left: number }): void {
  const path = join(site.folder, 'library', 'library.json');
  const state = JSON.parse(readFileSync(path, 'utf8'));
  state.drives['1'] = { loads: 0, ...state.drives['1'], cleaningRequired: required };
  state.cartridges[cleaning].cleaningsLeft = left;
  writeFileSync(path, JSON.stringify(state));
}

/** As the remedy says. */
async function clean(site: DriveSite, exitCode: number): Promise<readonly string[]> {
  const there = await site.command(['library', 'move', cleaning, 'drive:1']);
  assert.equal(there.exitCode, 0, there.said.join('\n'));
  const back = await site.command(['library', 'move', 'drive:1', 'slot:5']);
  assert.equal(back.exitCode, exitCode, back.said.join('\n'));
  return back.said;
}

const expired: Scenario = {
  name: 'the cleaning cartridge is used up',
  injected:
    'The first drive needs cleaning (flag 20), and the cleaning cartridge in the library has no uses left; the operator does as the message says.',
  outcome:
    'That it was not cleaned is told when the cartridge is taken out of the drive. With a new one, the same two commands clean the drive, and nothing is asked for any more.',
  messages: [
    `drive:1 of main reports TapeAlert 20, ${cleanNow}. Clean it before the next run: grandsire library move CLNU01CU drive:1 --library main; after some minutes, when the drive has finished, grandsire library move drive:1 slot:5 --library main.`,
    `drive:1 of main reports TapeAlert 22, ${usedUp}. It was not cleaned. Take the cleaning cartridge out of the library, and put a new one in.`,
  ],
  run: onSite(async (site) => {
    writeFileSync(site.image(cleaning), '');
    assert.equal((await site.command(['library', 'inventory'])).exitCode, 0);
    set(site, { required: true, left: 0 });
    const ran = await site.command(flush());
    await assertDoneAndTold(site, ran, [cleanNow]);
    const said = await clean(site, 3);
    assert.deepEqual(await alertsOf(site), [cleanNow, usedUp]);
    set(site, { required: true, left: 50 });
    await clean(site, 0);
    assert.equal(await alertsOf(site), undefined);
    assert.equal((await site.command(verify())).exitCode, 0);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return [...ran.said, ...said];
  }),
};

export const driveAlerts: Chapter = {
  title: 'A drive that asks to be cleaned',
  introduction:
    'TapeAlert flags are looked at when a drive has given its cartridge back. They fail no work; what is to be done is a warning of the command (exit 3), and stands in `grandsire drive list`.',
  scenarios: [
    asks(20, { name: 'clean now', alert: cleanNow, when: 'before the next run' }),
    asks(21, {
      name: 'clean when there is time',
      alert: 'clean periodic: the drive is due for cleaning',
      when: 'in the next days',
    }),
    expired,
  ],
};
