import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';

describe('a root', () => {
  it('that was a directory and is a file is restored as the file', async () => {
    await using here = await Installation.create();
    const roots = ['r1', 'r2'].map((name) => join(here.source, name));
    const file = join(here.folder, 'grandsire.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(`include: ['${here.source}']`, `include: ['${roots.join("', '")}']`));
    for (const root of roots) {
      mkdirSync(root);
      writeFileSync(join(root, 'inner'), 'inner');
    }
    await run(here, 'full');
    rmSync(roots[0] as string, { recursive: true });
    writeFileSync(roots[0] as string, 'a file now');
    const dataSet = await run(here, 'incremental');
    const to = join(here.folder, 'to');
    assert.deepEqual((await here.restore(dataSet, to)).failed, []);
    assert.equal(readFileSync(join(to, here.source, 'r1'), 'utf8'), 'a file now');
    assert.equal(readFileSync(join(to, here.source, 'r2/inner'), 'utf8'), 'inner');
  });
});

async function run(here: Installation, level: string): Promise<string> {
  const words = ['backup', 'run', 'home', '--level', level, '--stage-only', '--json'];
  const { exitCode, stdout } = await here.command(...words);
  assert.equal(exitCode, 0, stdout);
  here.clock.set((here.clock.now() + 60_000) as ReturnType<typeof here.clock.now>);
  return JSON.parse(stdout).dataSet;
}
