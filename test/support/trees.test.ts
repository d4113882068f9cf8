import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { compareTrees, makeEveryKindTree, missingForTrees } from '#test/support/trees';

describe('compareTrees', { skip: missingForTrees() }, () => {
  let folder: string;
  const run = (command: string): void => {
    execFileSync('bash', ['-euc', command], { cwd: folder });
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'trees-'));
    run('mkdir a');
    makeEveryKindTree(join(folder, 'a'));
    run('cp -a --sparse=auto a b');
  });
  after(() => rmSync(folder, { recursive: true }));

  const compare = (): string[] => compareTrees(join(folder, 'a'), join(folder, 'b'));

  it('finds a copy by cp -a alike', () => {
    assert.deepEqual(compare(), []);
  });

  // One after the other; what was found before stays found.
  const changes: readonly (readonly [change: string, found: RegExp])[] = [
    [
      'touch -d "1970-01-01 00:00:00.000000001 UTC" "b/times/1970-01-01 00:00:00"',
      /^\.\/times\/1970-01-01 00:00:00: mtime: 0 \/ 1$/,
    ],
    ['chmod 0643 b/sizes/1', /^\.\/sizes\/1: mode: 644 \/ 643$/],
    ['chown -h 78 b/owners/link', /^\.\/owners\/link: owner: 77:88 \/ 78:88$/],
    ['setfattr -n user.text -v texT b/attributes/file', /attributes\/file: attributes/],
    ['setfacl -m u:12345:x b/acls/directory', /acls\/directory: attributes/],
    ['fallocate -p -o 0 -l 4096 b/holes/zeros-written', /zeros-written: data: 0-65536 \/ 4096-65536$/],
    ['ln b/links/empty-first b/links/empty-third', /empty-first: links: 2 \/ 3/],
    ['mv b/sizes/0 b/sizes/O', /sizes\/0: only in the first/],
    ['rm b/devices/wide; mknod b/devices/wide c 4095 70001', /wide: device: 4095:70000 \/ 4095:70001/],
    ['ln -sfn firsT b/links/relative', /relative: target: first \/ firsT/],
    ['rm b/sizes/10240; mkfifo b/sizes/10240', /sizes\/10240: type/],
    [
      'printf x | dd of=b/holes/large bs=1M seek=2190 conv=notrunc status=none',
      /holes\/large: content differs at 2296381440/,
    ],
    [
      'cp -a b/links/second b/links/copied; ln -f b/links/copied b/sizes/third; rm b/links/copied',
      /not the same inode/,
    ],
  ];
  for (const [change, found] of changes) {
    it(`finds ${change}`, () => {
      assert.ok(!compare().some((line) => found.test(line)));
      run(change);
      assert.ok(
        compare().some((line) => found.test(line)),
        compare().join('\n'),
      );
    });
  }
});
