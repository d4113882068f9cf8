import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { compareFolders } from '#src/cli/demo/compare-folders';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { TgtWorkplace } from '#test/tgt/tgt-workplace';

if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const barcodes = Array.from({ length: 8 }, (_, index) => `T0000${index + 1}L8`);
/** From a Friday to the next, which is the last of its month. */
const span = ['--from', '2027-01-22', '--to', '2027-01-29'];

interface Choice {
  readonly tier: string;
  readonly level: string;
  readonly cartridges: readonly string[];
}

interface Day extends Choice {
  readonly date: string;
  readonly at: string;
}

interface Run extends Choice {
  readonly dataSet: string;
  readonly state: string;
}

interface Listed {
  readonly base?: string;
}

it('a week of grandfather, father and son on tgt goes to the cartridges that the schedule had printed', {
  skip: skipWithout(tgtTools),
}, async () => {
  await using library = await TgtLibrary.start({ drives: 2, slots: 9, mailSlots: 1, cartridges: barcodes });
  using place = await initialised(library);
  await place.json(['cartridge', 'label', '--all-blank', '--pool', 'scratch']);
  const { days } = await place.json<{ days: readonly Day[] }>(['schedule', 'print', ...span]);
  assert.deepEqual(
    days.map(({ date, tier, level }) => `${date} ${tier} ${level}`),
    [
      '2027-01-22 father full',
      '2027-01-25 son incremental',
      '2027-01-26 son incremental',
      '2027-01-27 son incremental',
      '2027-01-28 son incremental',
      '2027-01-29 grandfather full',
    ],
  );
  assert.equal(new Set(days.flatMap(({ cartridges }) => cartridges)).size, days.length);
  // Comes after the page was printed, and is taken first where no page was.
  await library.put('A00001L8', library.slot(barcodes.length + 1));
  await place.json(['library', 'inventory']);
  await place.json(['cartridge', 'label', 'A00001L8', '--pool', 'scratch']);

  const asLeft = join(place.folder, 'as-left');
  const runs: string[] = [];
  for (const day of days) {
    dayOfWork(place.source, day.date);
    place.nextAt(day.at);
    const { dataSet, state, tier, level, cartridges } = await place.json<Run>(['backup', 'run', 'home']);
    assert.deepEqual([state, tier, level, cartridges], ['complete', day.tier, day.level, day.cartridges], day.date);
    runs.push(dataSet);
    if (day.date === '2027-01-28') execFileSync('cp', ['-a', place.source, asLeft]);
  }
  const { dataSets } = await place.json<{ dataSets: readonly Listed[] }>(['backup', 'list']);
  const [first, ...sons] = runs.slice(0, -1);
  assert.deepEqual(
    dataSets.map(({ base }) => base).reverse(),
    [undefined, first, ...sons.slice(0, -1), undefined],
    'each son goes on from the run before',
  );
  for (const dataSet of runs) {
    const { checked, failed } = await place.json<{ checked: number; failed: readonly unknown[] }>(['verify', dataSet]);
    assert.deepEqual([checked > 0, failed], [true, []], dataSet);
  }
  const restored = join(place.folder, 'restored');
  const lastSon = sons.at(-1) ?? '';
  await place.json(['restore', 'run', place.source, '--to', restored, '--dataset', lastSon]);
  assert.deepEqual((await compareFolders(asLeft, join(restored, place.source))).differences, []);
  assert.equal((await place.run('catalog', 'check')).exitCode, 0);
});

/** Something new, something changed, and once something is gone. */
function dayOfWork(folder: string, date: string): void {
  writeFileSync(join(folder, 'changed'), date);
  writeFileSync(join(folder, date), Buffer.alloc(100_000, date));
  if (date === '2027-01-27') rmSync(join(folder, '2027-01-25'));
}

/** What `init` writes for this library, with a folder of the test as what is backed up. */
async function initialised(library: TgtLibrary): Promise<TgtWorkplace> {
  const place = new TgtWorkplace(library);
  const file = join(place.folder, 'grandsire.yaml');
  rmSync(file);
  place.nextAt('2027-01-22T12:00:00Z');
  await place.json(['init', '--portal', library.portal, '--target', library.target]);
  const written = readFileSync(file, 'utf8');
  const configured = written.replace(/include: \[\/home\], exclude: \[.*?\]/, `include: ['${place.source}']`);
  assert.notEqual(configured, written);
  writeFileSync(file, configured);
  return place;
}
