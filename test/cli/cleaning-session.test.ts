import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';

const instants = [
  { at: 'mount.carried:1', cleaned: true },
  { at: 'mount.threaded:1', cleaned: true },
  { at: 'labelling.written:1', cleaned: true },
  { at: 'tape-file.begun:2', cleaned: true },
  { at: 'tape-file.payload:4', cleaned: true },
  { at: 'tape-file.position:2', cleaned: true },
  { at: 'mount.given-back:1', cleaned: false },
] as const;

async function killed(at: string): Promise<Installation> {
  const here = await Installation.create({ drives: 2, cartridges: ['G00001L9', 'G00002L9', 'G00003L9'] });
  writeFileSync(join(here.source, 'file'), randomBytes(2_500_000));
  const run = here.start(['backup', 'run', 'home', '--level', 'full'], { GRANDSIRE_TRACE_STOP: at });
  const { signal, output } = await run.ended;
  assert.equal(signal, 'SIGKILL', output);
  return here;
}

async function assertAtRest(here: Installation): Promise<void> {
  const status = JSON.parse((await here.command('library', 'status', '--json')).stdout);
  assert.deepEqual(
    status.drives.map(({ state, cartridge, reason }: Record<string, unknown>) => [state, cartridge, reason]),
    [
      ['empty', undefined, undefined],
      ['empty', undefined, undefined],
    ],
  );
  assert.deepEqual(
    status.slots.slice(0, 3).map(({ cartridge }: Record<string, unknown>) => cartridge),
    ['G00001L9', 'G00002L9', 'G00003L9'],
  );
}

describe('after a crash', () => {
  for (const { at, cleaned } of instants) {
    it(`at ${at}, library inventory brings everything home, says so, and the next run writes on`, async () => {
      await using here = await killed(at);
      const look = await here.command('library', 'inventory');
      assert.equal(look.exitCode, 0, look.stderr);
      const said = /drive:1 of main held G00001L9 of a command that died \(writing home-\S+\); it is back in slot:1/;
      if (cleaned) assert.match(look.stderr, said);
      else assert.doesNotMatch(look.stderr, /held/);
      await assertAtRest(here);
      await here.withApp(async ({ catalog }) => {
        const actions = await catalog.actions.list({ event: 'drive.cleaned' });
        assert.equal(actions.length, cleaned ? 1 : 0);
      });
      const run = await here.command('backup', 'run', 'home', '--level', 'full', '--json');
      assert.equal(run.exitCode, 0, run.stdout);
      // What was cut off is written over: no other cartridge is begun.
      assert.deepEqual(JSON.parse(run.stdout).cartridges, ['G00001L9']);
      assert.equal((await here.command('catalog', 'check')).exitCode, 0);
      assert.equal((await here.command('verify', 'G00001L9')).exitCode, 0);
    });
  }

  it('a run cleans the drive itself, and names the tape file that is written over', async () => {
    await using here = await killed('tape-file.payload:4');
    const run = await here.command('backup', 'run', 'home', '--level', 'full');
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(
      run.stderr,
      /held G00001L9 of a command that died .* can be appended to: tape file \d+, which was being written, is given up/,
    );
    await assertAtRest(here);
  });
});
