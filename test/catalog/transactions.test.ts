import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import {
  addCartridge,
  addDataSet,
  collect,
  day,
  engines,
  testClock,
  withCatalog,
  withFolder,
} from '#test/catalog/engines';

const isBug = (error: unknown) => error instanceof GrandsireError && error.code === 'internal.bug';
const commitLoop = fileURLToPath(new URL('./commit-loop.js', import.meta.url));

const lease = (resource: string) => ({
  resource,
  host: 'here',
  pid: 1,
  job: 'test',
  since: day('2026-11-22T00:00:00Z'),
});
const leases = async (catalog: Catalog) => (await catalog.leases.list()).map(({ resource }) => resource);

/** The numbers that the child acknowledged until it ended; it is killed once it has made `killAfter` of them. */
async function acknowledged(child: ChildProcess, killAfter = Number.POSITIVE_INFINITY): Promise<readonly number[]> {
  assert.ok(child.stdout);
  const numbers: number[] = [];
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    numbers.push(Number(line));
    if (numbers.length === killAfter) child.kill('SIGKILL');
  }
  await ended;
  return numbers;
}

const startLoop = (folder: string, ...words: string[]): ChildProcess =>
  spawn(process.execPath, [commitLoop, join(folder, 'catalog.sqlite'), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

for (const engine of engines) {
  describe(`transactions in ${engine.name}`, () => {
    test('what another task writes is not lost with a transaction that fails', async () => {
      await withCatalog(engine, async (catalog) => {
        let insideBegan = (): void => {};
        const began = new Promise<void>((resolve) => (insideBegan = resolve));
        let goOn = (): void => {};
        const waiting = new Promise<void>((resolve) => (goOn = resolve));
        const failing = catalog.transaction(async ({ leases: inner }) => {
          await inner.put(lease('inside'));
          insideBegan();
          await waiting;
          await inner.put(lease('inside too'));
          throw new RangeError('on purpose');
        });
        await began;
        let written = false;
        const outside = catalog.leases.put(lease('outside')).then(() => (written = true));
        assert.deepEqual(await leases(catalog), [], 'readers see the last commit, and do not wait');
        assert.equal(written, false, 'the write of the other task waits for the end of the transaction');
        goOn();
        await assert.rejects(failing, RangeError);
        await outside;
        assert.deepEqual(await leases(catalog), ['outside']);
      });
    });

    test('a transaction sees its own writes, and all of it is there afterwards', async () => {
      await withCatalog(engine, async (catalog) => {
        const seen = await catalog.transaction(async (inner) => {
          await inner.leases.put(lease('a'));
          await addCartridge(inner);
          return [(await inner.leases.list()).length, (await inner.cartridges.list()).length];
        });
        assert.deepEqual(seen, [1, 1]);
        assert.deepEqual([await leases(catalog), (await catalog.cartridges.list()).length], [['a'], 1]);
      });
    });

    test('the outer catalog inside a transaction throws instead of waiting for itself', async () => {
      await withCatalog(engine, async (catalog) => {
        const uses: ((inner: unknown) => Promise<unknown>)[] = [
          () => catalog.leases.put(lease('x')),
          () => catalog.leases.list(),
          () => catalog.transaction(async () => {}),
          () => collect(catalog.files.selection([], [Buffer.from('/')])),
        ];
        for (const use of uses) await assert.rejects(catalog.transaction(use), isBug);
        await assert.rejects(
          catalog.transaction((inner) => collect(inner.files.selection([], [Buffer.from('/')]))),
          isBug,
        );
        await catalog.leases.put(lease('after'));
        assert.deepEqual(await leases(catalog), ['after']);
      });
    });

    test('another catalog can be used from inside a transaction, and the first one through it cannot', async () => {
      await withCatalog(engine, (first) =>
        withCatalog(engine, async (second) => {
          await first.transaction(async () => {
            await second.leases.put(lease('other'));
            await second.transaction(async () => {
              await assert.rejects(first.leases.list(), isBug);
            });
            assert.deepEqual(await leases(second), ['other']);
          });
          assert.deepEqual(await leases(first), []);
        }),
      );
    });

    test('repositories of a transaction are of no use after its end', async () => {
      await withCatalog(engine, async (catalog) => {
        const kept = await catalog.transaction(async (inner) => inner);
        await assert.rejects(kept.leases.put(lease('late')), isBug);
      });
    });

    test('closing waits for what was asked for, and what comes later is refused', async () => {
      await withFolder(async (folder) => {
        const catalog = await engine.open(folder, testClock());
        const writes = Array.from({ length: 20 }, (_, n) => catalog.leases.put(lease(`${n}`)));
        const reads = Array.from({ length: 20 }, () => catalog.leases.list());
        await catalog[Symbol.asyncDispose]();
        await Promise.all([...writes, ...reads]);
        await assert.rejects(catalog.leases.list(), isBug);
        await using again = await engine.open(folder, testClock());
        assert.equal((await again.leases.list()).length, 20);
      });
    });

    test('a process killed at any moment loses nothing that was acknowledged', async () => {
      await withFolder(async (folder) => {
        for (const [round, killAfter] of [1, 4, 9, 17].entries()) {
          const numbers = await acknowledged(startLoop(folder, `round${round}`), killAfter);
          await using catalog = await engine.open(folder, testClock());
          for (const n of numbers) {
            const set = await catalog.dataSets.byId(`round${round}-${n}`);
            assert.ok(set, `data set ${n} of round ${round}`);
            if (n % 3 === 0) continue;
            assert.equal((await collect(catalog.files.ofDataSet(set.key))).length, 50);
          }
          const codes = (await catalog.check()).map(({ code }) => code);
          assert.ok(
            codes.every((code) => code === 'catalog.version-without-segment'),
            `${codes}`,
          );
        }
      });
    });

    test('two processes write at once', async () => {
      await withFolder(async (folder) => {
        const both = await Promise.all(['one', 'two'].map((name) => acknowledged(startLoop(folder, name, '12'))));
        assert.deepEqual(
          both.map((numbers) => numbers.length),
          [12, 12],
        );
        await using catalog = await engine.open(folder, testClock());
        assert.equal((await catalog.dataSets.list()).length, 24);
      });
    });

    test('actions can be appended, and nothing else', async () => {
      await withCatalog(engine, async (catalog) => {
        const action = (subject: string) => ({
          at: day('2026-11-22T00:00:00Z'),
          event: 'cartridge.moved',
          subject,
          details: { from: 'slot:1' },
        });
        for (const subject of ['a', 'b', 'a']) await catalog.actions.append(action(subject));
        assert.deepEqual(await catalog.actions.list({ subject: 'b' }), [action('b')]);
        assert.equal((await catalog.actions.list({ limit: 2 })).length, 2);
        assert.equal((await catalog.actions.list({ event: 'volume.labelled' })).length, 0);
      });
    });

    test('a data set with a taken id gets the next number', async () => {
      await withCatalog(engine, async (catalog) => {
        const ids: string[] = [];
        for (let n = 0; n < 3; n += 1) ids.push((await addDataSet(catalog)).id);
        assert.deepEqual(ids, ['home-20261122T220000Z', 'home-20261122T220000Z-2', 'home-20261122T220000Z-3']);
      });
    });
  });
}
