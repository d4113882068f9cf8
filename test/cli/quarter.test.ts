import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';

interface Day {
  readonly date: string;
  readonly at: string;
  readonly tier: string;
  readonly level: string;
  readonly cartridges: readonly string[];
  readonly protectedUntil: string;
}

/** As `init` writes them. */
const pools = `  daily: { draw: scratch, protect: 2 weeks }
  weekly: { draw: scratch, protect: 5 weeks }
  monthly: { draw: scratch, protect: 3 months }
`;
const rotation = `    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'
    timeZone: Europe/London
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: weekly }
    grandfather: { on: last friday of month, level: full, pool: monthly }
`;

// Some hundred runs that synchronise after each step: on memory, where there is some, that costs nothing.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

/** Late winter to early summer: the clock goes forward in it. */
const quarter = { from: '2027-02-01', to: '2027-04-30' };

describe('a printed schedule', () => {
  it('of a quarter is what the quarter uses', async () => {
    await using here = await prepared();
    const printed = await schedule(here, 'print', quarter);
    assert.equal(printed.length, 65);
    assert.deepEqual(new Set(printed.map(({ tier }) => tier)), new Set(['son', 'father', 'grandfather']));
    for (const [index, day] of printed.entries()) {
      // Not every day brings something new.
      if (index % 3 !== 2) writeFileSync(join(here.source, 'daily'), day.date);
      const { exitCode, used } = await run(here, day);
      assert.deepEqual(used, wanted(day), `${day.date}, exit ${exitCode}`);
      assert.equal(exitCode, 0);
    }
    assert.equal((await here.command('catalog', 'check')).exitCode, 0);
  });

  for (const [what, spoil] of [
    [
      'is write-protected',
      (here: Installation, barcode: string) => here.device.editCartridge(barcode, { writeProtected: true }),
    ],
    [
      'holds something foreign',
      (here: Installation, barcode: string) => writeFileSync(here.device.imagePath(barcode), foreignTape),
    ],
  ] as const) {
    it(`is departed from only where it must be, when a cartridge ${what}`, async () => {
      await using here = await prepared();
      const printed = await schedule(here, 'print', quarter);
      const [first, second, third, ...later] = printed as [Day, Day, Day, ...Day[]];
      for (const day of [first, second]) assert.deepEqual((await run(here, day)).used, wanted(day));
      const [bad = ''] = third.cartridges;
      spoil(here, bad);
      const before = readFileSync(here.device.imagePath(bad));
      const { exitCode, used, warnings } = await run(here, third);
      assert.ok(before.equals(readFileSync(here.device.imagePath(bad))), `${bad} was written to`);
      assert.equal(exitCode, 3);
      assert.match(JSON.stringify(warnings), new RegExp(bad));
      const [instead = ''] = used.cartridges;
      assert.notEqual(instead, bad);
      assert.deepEqual([used.tier, used.level], [third.tier, third.level]);
      const now = await schedule(here, 'show', { from: later[0]?.date ?? '', to: quarter.to });
      assert.deepEqual(
        now.map(({ date }) => date),
        later.map(({ date }) => date),
      );
      let changed = 0;
      for (const [index, day] of later.entries()) {
        const planned = now[index] as Day;
        if (JSON.stringify(wanted(planned)) === JSON.stringify(wanted(day))) continue;
        changed += 1;
        assert.deepEqual([planned.tier, planned.level], [day.tier, day.level]);
        const [was = ''] = day.cartridges;
        // What is protected then was taken for an earlier day, in place of the bad one or of one that took its place.
        const isProtected = [{ ...third, cartridges: used.cartridges }, ...now.slice(0, index)].some(
          ({ cartridges, protectedUntil }) =>
            cartridges.includes(was) && Date.parse(protectedUntil) > Date.parse(day.at),
        );
        assert.ok(
          was === bad || isProtected,
          `${day.date} was to have ${was}, could have it, and is to have ${planned.cartridges} now`,
        );
      }
      assert.ok(changed > 0 && changed < later.length / 4, `${changed} of ${later.length} entries changed`);
      assert.ok(later.some(({ cartridges }) => cartridges.includes(bad)));
      for (const { date, cartridges } of now) assert.ok(!cartridges.includes(bad), `${bad} is planned for ${date}`);
      for (const day of now.slice(0, 6)) assert.deepEqual((await run(here, day)).used, wanted(day));
    });
  }
});

/** One block of 10,240 bytes and a filemark, as `tar` leaves them; the words as the SIMH format has them. */
const foreignTape = Buffer.concat([word(10240), Buffer.alloc(10240, 'x'), word(10240), word(0), word(0)]);

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

async function prepared(): Promise<Installation> {
  const cartridges = Array.from({ length: 20 }, (_, n) => `G${String(n + 1).padStart(5, '0')}L9`);
  const here = await Installation.create({ capacity: '64MiB', slots: 24, cartridges, pools, rotation });
  here.clock.set(Date.parse('2027-02-01T09:00:00Z') as ReturnType<typeof here.clock.now>);
  await here.inventory();
  writeFileSync(join(here.source, 'always'), 'the same\n');
  return here;
}

async function schedule(here: Installation, verb: string, { from, to }: typeof quarter): Promise<readonly Day[]> {
  const { exitCode, stdout } = await here.command('schedule', verb, '--from', from, '--to', to, '--json');
  assert.equal(exitCode, 0, stdout);
  return JSON.parse(stdout).days;
}

const wanted = ({ tier, level, cartridges }: Day) => ({ tier, level, cartridges });

async function run(here: Installation, { at }: Day) {
  here.clock.set(Date.parse(at) as ReturnType<typeof here.clock.now>);
  const { exitCode, stdout } = await here.command('backup', 'run', 'home', '--json');
  const { tier, level, cartridges, warnings, error } = JSON.parse(stdout);
  assert.equal(error, undefined, stdout);
  return { exitCode, used: { tier, level, cartridges }, warnings };
}
