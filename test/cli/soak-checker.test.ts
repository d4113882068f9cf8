import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CheckerProcess, type Finding } from '#test/soak/checker-process';
import { Random } from '#test/soak/random';
import { virtualDevice } from '#test/soak/virtual-device';
import { Workplace } from '#test/soak/workplace';

const start = Date.parse('2030-01-07T08:00:00Z');
const written = 'S00001L9';
const other = 'S00002L9';

/** The checker of the crash campaign finds nothing where nothing is wrong, and each damage that is planted. */
describe('the checker of the crash campaign', () => {
  let workplace: Workplace;
  let checker: CheckerProcess;
  let saved: string;
  let now = start;
  const dataSets = { home: '', work: '' };

  before(async () => {
    workplace = new Workplace('self-test', new Random('self-test'));
    workplace.use(await virtualDevice(workplace.path('library')));
    checker = new CheckerProcess(workplace.folder);
    await run('library', 'inventory');
    await run('cartridge', 'label', '--all-blank', '--yes');
    dataSets.home = await backUp('home');
    dataSets.work = await backUp('work', '--stage-only');
    saved = join(workplace.folder, 'saved');
    for (const part of ['library', 'staging', 'state'] as const) {
      cpSync(workplace.path(part), join(saved, part), { recursive: true });
    }
    cpSync(join(workplace.folder, 'trees'), join(saved, 'trees'), { recursive: true });
  });

  after(() => {
    checker[Symbol.dispose]();
    workplace[Symbol.dispose]();
    rmSync(workplace.folder, { recursive: true });
  });

  async function run(...argv: readonly string[]): Promise<string> {
    now += 60_000;
    const { exitCode, stdout, stderr } = await workplace.run(argv, now);
    assert.equal(exitCode, 0, stdout + stderr);
    return stdout;
  }

  async function backUp(set: 'home' | 'work', ...words: readonly string[]): Promise<string> {
    const at = now + 60_000;
    workplace.keepTree(set, set);
    workplace.promise({ kind: 'backup', set, at, tree: set });
    const { dataSet, segments } = JSON.parse(await run('backup', 'run', set, '--level', 'full', ...words));
    workplace.promise({ kind: 'reported', set, at, segments, complete: true });
    return dataSet;
  }

  const find = async (): Promise<readonly Finding[]> => (await checker.check({ now, settled: true })).findings;

  const image = (barcode: string): string => join(workplace.path('library'), 'cartridges', `${barcode}.tap`);
  const staged = (name: string): string => join(workplace.path('staging'), dataSets.work, name);

  /** Flips a bit in the middle of a file. */
  function flip(path: string): void {
    const bytes = readFileSync(path);
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(path, bytes);
  }

  /** Behind the filemark that ends a tape file, from 0. */
  function endOf(bytes: Buffer, tapeFile: number): number {
    let at = 0;
    for (let left = tapeFile; ; at += 4) {
      const word = bytes.readUInt32LE(at);
      if (word !== 0) at += word + (word & 1) + 4;
      else if (left-- === 0) return at + 4;
    }
  }

  const inCatalog = (statement: string): void => {
    const script = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()';
    execFileSync('python3', ['-c', script, join(workplace.path('state'), 'catalog.sqlite'), statement]);
  };
  const ofHome = "data_set = (select key from data_sets where backup_set = 'home')";

  it('finds nothing where nothing is wrong, and has looked', async () => {
    const { findings, checked, view } = await checker.check({ now, settled: true });
    assert.deepEqual(findings, []);
    assert.ok(
      (checked['files'] ?? 0) >= 30 && (checked['tapeFiles'] ?? 0) >= 13 && (checked['stagedSegments'] ?? 0) >= 2,
    );
    assert.ok((checked['indexLines'] ?? 0) >= 15);
    assert.deepEqual(view.dataSets.map(({ dataSet }) => dataSet).sort(), Object.values(dataSets).sort());
    assert.deepEqual(
      view.cartridges.filter(({ blank, freeAt }) => !blank && freeAt > now).map(({ barcode }) => barcode),
      [written],
    );
  });

  const damages: readonly (readonly [string, () => void, readonly string[]])[] = [
    [
      'a bit of an image that is another',
      () => flip(image(written)),
      ['medium.overwritten', 'medium.tape-file-damaged'],
    ],
    [
      'a tape file that is gone from the end',
      () => truncateSync(image(written), endOf(readFileSync(image(written)), 2)),
      ['medium.overwritten', 'medium.tape-file-missing'],
    ],
    [
      'a protected cartridge that was labelled again',
      () => cpSync(image(other), image(written)),
      ['medium.overwritten', 'medium.other-label', 'data-set.not-whole'],
    ],
    [
      'a whole tape file that the catalog does not know, where the next one is to be written',
      () => {
        const bytes = readFileSync(image(written));
        writeFileSync(image(written), Buffer.concat([bytes, bytes.subarray(endOf(bytes, 0), endOf(bytes, 1))]));
      },
      ['medium.unknown-tape-file'],
    ],
    ['an image that is gone', () => rmSync(image(written)), ['medium.gone', 'medium.overwritten']],
    [
      'a staged segment that is gone',
      () => rmSync(staged('000001.segment')),
      ['staging.segment-missing', 'data-set.not-whole'],
    ],
    [
      'a bit of a staged segment that is another',
      () => flip(staged('000001.segment')),
      ['segment.differs', 'file.differs'],
    ],
    ['a part of an index that is gone from staging', () => rmSync(staged('000001.index')), ['staging.file-missing']],
    [
      'a block that is off by one in the catalog',
      () => inCatalog("update tape_files set block = block + 1 where kind = 'segment' and number = 1"),
      ['medium.tape-file-differs'],
    ],
    [
      'an offset that is off by one header in the catalog',
      () => inCatalog(`update versions set offset = offset + 512 where kind & 7 = 0 and ${ofHome}`),
      ['file.missing', 'data-set.not-whole'],
    ],
    [
      'a digest that is another in the catalog',
      () => inCatalog(`update versions set digest = zeroblob(32) where kind & 7 = 0 and ${ofHome}`),
      ['file.differs'],
    ],
    [
      'a file that the catalog has forgotten',
      () => inCatalog(`delete from versions where name = cast('long' as blob) and ${ofHome}`),
      ['data-set.not-whole'],
    ],
    [
      'a data set that the catalog calls interrupted',
      () => inCatalog("update data_sets set state = 'interrupted' where backup_set = 'home'"),
      ['data-set.not-complete'],
    ],
    [
      'a protection that ends too early',
      () => inCatalog("update data_sets set protection_free_on = '2030-01-08' where backup_set = 'home'"),
      ['catalog.protection'],
    ],
    [
      'an index that is not on a medium, of what has left staging',
      () => inCatalog("update tape_files set state = 'void' where kind = 'index'"),
      ['index.missing'],
    ],
    [
      'an entry that no index lists',
      () =>
        inCatalog(
          `update versions set name = cast('longer' as blob) where name = cast('long' as blob) and kind & 7 = 0 and ${ofHome}`,
        ),
      ['index.incomplete'],
    ],
    [
      'a deletion that no index lists',
      () =>
        inCatalog(
          "insert into deletions(directory, name, data_set) select v.directory, cast('gone' as blob), v.data_set from versions v join data_sets s on s.key = v.data_set where s.backup_set = 'home' limit 1",
        ),
      ['index.incomplete'],
    ],
    [
      'a cartridge that was left in a drive',
      () => {
        const state = join(workplace.path('library'), 'library.json');
        writeFileSync(state, readFileSync(state, 'utf8').replace('"place": "slot:1"', '"place": "drive:1"'));
      },
      ['library.left-in-drive', 'catalog.location'],
    ],
    [
      'a lease that nobody holds',
      () => inCatalog("insert into leases values ('library:main', 'here', 1, 'backup run home', 0)"),
      ['catalog.lease'],
    ],
    [
      'bytes that the source never had, although every digest agrees',
      () => {
        const tree = join(workplace.folder, 'trees', 'home.json');
        const path = join(workplace.source('home'), 'c', 'long');
        writeFileSync(
          tree,
          JSON.stringify({ ...workplace.tree('home'), [path]: { sha256: '00'.repeat(32), size: 1 } }),
        );
      },
      ['file.differs', 'data-set.not-whole'],
    ],
  ];

  for (const [what, plant, codes] of damages) {
    it(`finds ${what}`, async () => {
      plant();
      const found = new Set((await find()).map(({ code }) => code));
      for (const code of codes) assert.ok(found.has(code), `${code} is not among ${[...found].join(', ')}`);
      for (const part of ['library', 'staging', 'state', 'trees']) {
        cpSync(join(saved, part), join(workplace.folder, part), { recursive: true });
      }
      assert.deepEqual(await find(), []);
    });
  }
});
