import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Installation } from '#test/support/installation';

if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const barcodes = Array.from({ length: 8 }, (_, index) => `G0000${index + 1}L9`);
const pools = `  daily: { draw: scratch, protect: 2 weeks }
  weekly: { draw: scratch, protect: 5 weeks }
`;
const rotation = `    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'
    timeZone: UTC
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: weekly }
    grandfather: { on: last friday of month, level: full, pool: weekly }
`;

const olderFolder = fileURLToPath(new URL('../../src/media', import.meta.url));

async function json(here: Installation, ...words: readonly string[]) {
  const { exitCode, stdout } = await here.command(...words, '--json');
  return { exitCode, ...JSON.parse(stdout) };
}

const nextDay = (here: Installation): void =>
  here.clock.set((here.clock.now() + 86_400_000) as ReturnType<typeof here.clock.now>);

describe('the cartridges of a run', () => {
  it('are filled, however little of the data set fits into the staging area at a time', async () => {
    await using here = await Installation.create({ cartridges: barcodes, stagingSize: '3MiB' });
    for (let n = 0; n < 12; n += 1) writeFileSync(join(here.source, `${n}`), randomBytes(1 << 20));
    const { exitCode, cartridges } = await json(here, 'backup', 'run', 'home');
    assert.deepEqual([exitCode, cartridges], [0, ['G00001L9']]);
    const [first] = (await json(here, 'cartridge', 'list')).cartridges;
    assert.equal(first.fill, 'appendable');
  });

  it('are protected, and planned as protected, where nothing was there to be archived', async () => {
    await using here = await Installation.create({ cartridges: barcodes, pools, rotation });
    // What was written in the last two seconds would be read again.
    const file = join(here.folder, 'grandsire.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(here.source, olderFolder));
    const used: string[] = [];
    for (let day = 0; day < 5; day += 1) {
      const planned = await json(here, 'schedule', 'next');
      const { exitCode, cartridges, files, reasons } = await json(here, 'backup', 'run', 'home');
      assert.equal(files === 0, day > 0 && day < 4);
      assert.deepEqual([exitCode, cartridges], [0, planned.cartridges], reasons.join('\n'));
      assert.ok(!used.includes(cartridges[0]), `${cartridges[0]} holds an earlier run`);
      used.push(...cartridges);
      nextDay(here);
    }
  });

  it('are forecast from runs, those by hand each by itself', async () => {
    await using here = await Installation.create({ cartridges: barcodes, pools, rotation });
    for (const level of [[], ['--level', 'full'], ['--level', 'incremental']]) {
      writeFileSync(join(here.source, level.join('') || 'first'), randomBytes(1 << 20));
      assert.equal((await json(here, 'backup', 'run', 'home', ...level)).exitCode, 0);
    }
    nextDay(here);
    const { days } = await json(here, 'schedule', 'show', '--from', '2026-11-24', '--to', '2026-12-01');
    for (const { date, cartridges } of days) assert.equal(cartridges.length, 1, `${date}: ${cartridges.join(' ')}`);
  });
});
