import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instant } from '#src/base/clock';
import { type LibraryBench, type LibraryBenchOptions, onBench } from '#test/faults/library-bench';
import { later, loads } from '#test/faults/others-media';
import type { Scenario } from '#test/faults/scenario';

const day = 86_400_000;

/** Edits grandsire.yaml, which must hold the text. */
function configure({ here }: LibraryBench, from: string, to: string): void {
  const file = join(here.folder, 'grandsire.yaml');
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from), from);
  writeFileSync(file, text.replace(from, to));
}

const protectedUntil = async (bench: LibraryBench, barcode: string): Promise<string> =>
  (await bench.ends(0, 'cartridge', 'show', barcode)).protectedUntil;

const office: LibraryBenchOptions = {
  cartridges: ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9', 'G00006L9'],
  pools: `  daily: { draw: scratch, protect: 2 weeks }
  weekly: { draw: scratch, protect: 5 weeks }
`,
  rotation: `    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'
    timeZone: UTC
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: weekly }
    grandfather: { on: last friday of month, level: full, pool: weekly }
`,
};

export const retention: readonly Scenario[] = [
  {
    name: 'Amanda manual: as many tapes as runs in a cycle, so that the only full is overwritten',
    injected: 'One cartridge, which holds the only full, and a run of the next day',
    outcome:
      'The cartridge is protected, by the full and by what needs it. The run ends (4); what it staged can be restored, and is written when a cartridge is there.',
    messages: [
      'no cartridge in library main can be written for pool daily; 1 segment of … stays staged\nPut blank cartridges in and label them ("grandsire cartridge label --all-blank"), then run "grandsire staging flush". What is staged can be restored meanwhile.',
    ],
    run: onBench(
      async (bench) => {
        later(bench, day);
        bench.change();
        await bench.fails(4, 'cartridge.none-suitable', 'backup', 'run', 'home');
        const { dataSets } = await bench.ends(0, 'backup', 'list');
        bench.keep({ dataSet: dataSets[0].dataSet, cartridges: [] });
        await bench.settle();
        writeFileSync(bench.here.device.imagePath('G00002L9'), '');
        await bench.ends(0, 'library', 'inventory');
        await bench.ends(0, 'cartridge', 'label', '--all-blank');
        await bench.ends(0, 'staging', 'flush');
        await bench.settle();
      },
      { ...office, cartridges: ['G00001L9'] },
    ),
  },
  {
    name: 'Veeam manual: a retention is shortened, and tapes are free at once',
    injected: 'The pool’s `protect: 2 weeks` becomes `1 day`, two days after a backup',
    outcome:
      'What was written keeps the protection under which it was written; what is written from now on has the new one.',
    messages: [
      'cartridge G00001L9 (main/slot:1) is protected until 2026-12-07 (UTC): data set … on it\nUse another cartridge: "grandsire cartridge list" shows which are free.',
    ],
    run: onBench(async (bench) => {
      const before = await protectedUntil(bench, 'G00001L9');
      configure(bench, 'protect: 2 weeks', 'protect: 1 day');
      later(bench, 2 * day);
      assert.equal(await protectedUntil(bench, 'G00001L9'), before);
      await bench.ends(6, 'cartridge', 'label', 'G00001L9', '--yes');
      await bench.settle();
    }),
  },
  {
    name: 'Veeam: a cartridge is moved to another pool, and is free',
    injected: '`cartridge label --pool scratch` of a cartridge with a protected backup, with `--yes`',
    outcome:
      'It is refused; the cartridge stays in its pool. Protection is of what lies on it, whatever pool it is in.',
    messages: [
      'cartridge G00001L9 (main/slot:1) is protected until 2026-12-07 (UTC): data set … on it\nUse another cartridge: "grandsire cartridge list" shows which are free.',
    ],
    run: onBench(async (bench) => {
      await bench.ends(6, 'cartridge', 'label', 'G00001L9', '--pool', 'scratch', '--yes');
      const { pool } = await bench.ends(0, 'cartridge', 'show', 'G00001L9');
      assert.equal(pool, 'daily');
      await bench.settle();
    }),
  },
  {
    name: 'Bareos: a changed policy does not reach the volumes that exist',
    injected: 'The pool’s `protect: 2 weeks` becomes `5 weeks`, between two runs on one cartridge',
    outcome:
      'Cartridges have no copy of the policy: the next run on the same cartridge is protected by what the configuration says then, and with it the whole cartridge.',
    messages: [],
    run: onBench(async (bench) => {
      configure(bench, 'protect: 2 weeks', 'protect: 5 weeks');
      const { cartridges } = await bench.backup();
      assert.deepEqual(cartridges, ['G00001L9']);
      assert.equal(await protectedUntil(bench, 'G00001L9'), '2026-12-28T00:00:00+00:00');
      await bench.settle();
    }),
  },
  {
    name: 'Veeam: grandfather-father-son skips the daily that is late',
    injected: 'The run of Friday begins at 23:59, and is written on Saturday',
    outcome:
      'It is Friday’s: the father (here the grandfather) of its week, protected from Friday on, and the sons of the next week build on it.',
    messages: [],
    run: onBench(async (bench) => {
      bench.here.clock.set(instant(Date.parse('2026-11-27T23:58:00Z')));
      bench.plant(1, {
        when: 0x0a,
        action: { kind: 'event', run: () => bench.here.clock.set(instant(Date.parse('2026-11-28T03:00:00Z'))) },
      });
      const late = await bench.backup();
      assert.deepEqual(
        [late.tier, late.level, late.protectedUntil],
        ['grandfather', 'full', '2027-01-01T00:00:00+00:00'],
      );
      bench.heal();
      bench.here.clock.set(instant(Date.parse('2026-11-30T22:00:00Z')));
      const next = await bench.backup();
      assert.deepEqual([next.tier, next.level, next.base], ['son', 'incremental', late.dataSet]);
      await bench.settle();
    }, office),
  },
];

/** Random files of a megabyte. */
const fill = ({ here }: LibraryBench, count: number, prefix: string): void => {
  for (let n = 0; n < count; n += 1) writeFileSync(join(here.source, `${prefix}-${n}`), randomBytes(1_000_000));
};

export const streams: readonly Scenario[] = [
  {
    name: 'Amanda #285: the staging area is believed to be full when it is empty',
    injected: 'A staging area of 6 MiB, runs of 8 MB, one of them killed while it stages',
    outcome: 'Each run goes through; afterwards the staging area is empty, and said to be.',
    messages: [],
    run: onBench(
      async (bench) => {
        for (const round of ['first', 'killed', 'second', 'third']) {
          bench.change();
          fill(bench, 8, round);
          if (round === 'killed') {
            const variables = { GRANDSIRE_TRACE_STOP: 'segment.filling:2' };
            const killed = await bench.here.start(['backup', 'run', 'home', '--level', 'full'], variables).ended;
            assert.equal(killed.signal, 'SIGKILL');
            continue;
          }
          bench.keep(await bench.ends(0, 'backup', 'run', 'home', '--level', 'incremental'));
          const { usedBytes, segments } = await bench.ends(0, 'staging', 'status');
          assert.deepEqual([usedBytes, segments], [0, []], round);
        }
        await bench.settle();
      },
      // A drive is taken when the area is short of room, and given back.
      { stagingSize: '6MiB', capacity: '64MiB', mostMoves: 40 },
    ),
  },
  {
    name: 'Bareos #2360: staging and writing to the cartridge never overlap',
    injected: 'A run of 12 MB through a staging area of 4 MiB',
    outcome:
      'Segments are staged while others are written: between the first and the last that is written, others are staged.',
    messages: [],
    run: onBench(
      async (bench) => {
        const { here } = bench;
        bench.change();
        fill(bench, 12, 'much');
        rmSync(here.traceFile, { force: true });
        const { exitCode, output } = await here.start(['backup', 'run', 'home', '--json'], {
          GRANDSIRE_TRACE: here.traceFile,
        }).ended;
        assert.equal(exitCode, 0, output);
        const trace = here.trace();
        const [first, last] = [trace.indexOf('tape-file.descriptor'), trace.lastIndexOf('segment.evicted')];
        const between = trace.slice(first, last).filter((instant_) => instant_ === 'segment.staged');
        assert.ok(
          first >= 0 && between.length >= 4,
          `${between.length} segments were staged while others were written`,
        );
        bench.keep(JSON.parse(output));
        await bench.settle();
      },
      { stagingSize: '4MiB', capacity: '64MiB' },
    ),
  },
  {
    name: 'Proxmox: a restore visits the cartridges in random order and loads some twice',
    injected: 'A full and two incrementals, over several cartridges; a restore of all of it',
    outcome: 'Each cartridge is loaded once.',
    messages: [],
    run: onBench(
      async (bench) => {
        const used = new Set<string>(['G00001L9']);
        for (const level of ['full', 'incremental', 'incremental']) {
          bench.change();
          fill(bench, level === 'full' ? 6 : 4, `${level}-${used.size}`);
          const document = await bench.ends(0, 'backup', 'run', 'home', '--level', level);
          bench.keep(document);
          for (const barcode of document.cartridges) used.add(barcode);
        }
        assert.ok(used.size >= 3, [...used].join(' '));
        bench.mark();
        const { source, folder } = bench.here;
        const { cartridges } = await bench.ends(0, 'restore', 'run', source, '--to', join(folder, 'back'));
        assert.ok(cartridges.length >= 3, String(cartridges));
        assert.equal(loads(bench), cartridges.length);
        await bench.settle();
      },
      { capacity: '6MiB', cartridges: ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9', 'G00006L9'] },
    ),
  },
  {
    name: 'Bareos #1866: a restore wants the cartridge that another restore is unloading',
    injected: 'Two processes restore from one cartridge at the same time',
    outcome:
      'The second waits until the first has given the library back, and then loads the cartridge. Both restore everything.',
    messages: [],
    run: onBench(async (bench) => {
      const { here } = bench;
      const restore = (to: string) =>
        here.start(['restore', 'run', here.source, '--to', join(here.folder, to), '--json']).ended;
      const [one, two] = await Promise.all([restore('one'), restore('two')]);
      for (const { exitCode, output } of [one, two]) {
        assert.equal(exitCode, 0, output);
        assert.deepEqual(JSON.parse(output).failed, []);
      }
      assert.equal(bench.lies('G00001L9'), 'slot:1');
      await bench.settle();
    }),
  },
  {
    name: 'Bareos: the file rows are gone from the catalog, and come back only by scanning everything for days',
    injected: 'The folder of the catalog is lost',
    outcome: 'The indexes on the cartridges are read, not the data; then each file is found, and is restored.',
    messages: [],
    run: onBench(async (bench) => {
      bench.change();
      fill(bench, 8, 'much');
      bench.keep(await bench.ends(0, 'backup', 'run', 'home', '--level', 'full'));
      rmSync(join(bench.here.folder, 'state'), { recursive: true });
      await bench.ends(0, 'library', 'inventory');
      bench.mark();
      const rebuilt = await bench.ends(0, 'catalog', 'rebuild');
      assert.ok(rebuilt.files >= 10, String(rebuilt.files));
      const blocks = bench.sent(0x08).filter(({ result }) => (result?.transferredBytes ?? 0) === 524_288).length;
      assert.ok(blocks < 8, `${blocks} whole blocks were read, of 16 with data`);
      const { matches } = await bench.ends(0, 'find', 'much-3');
      assert.equal(matches[0].copies[0].cartridge, 'G00001L9');
      await bench.settle();
    }),
  },
];
