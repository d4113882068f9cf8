import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';

const barcode = 'G00001L9';

describe('a cartridge on which a run was cut off', () => {
  // One block of the tape file is there; all of it but its filemark.
  for (const at of ['tape-file.descriptor:1', 'tape-file.payload:1']) {
    it(`at ${at}, and that a rebuild has read, is appended to`, async () => {
      await using here = await Installation.create({ cartridges: [barcode, 'G00002L9'] });
      writeFileSync(join(here.source, 'file'), randomBytes(100_000));
      assert.equal((await here.command('backup', 'run', 'home')).exitCode, 0);
      const run = here.start(['backup', 'run', 'home', '--level', 'full'], { GRANDSIRE_TRACE_STOP: at });
      const { signal, output } = await run.ended;
      assert.equal(signal, 'SIGKILL', output);
      const rebuilt = await here.command('catalog', 'rebuild', '--json');
      assert.equal(rebuilt.exitCode, 3, rebuilt.stdout);
      assert.match(rebuilt.stdout, /G00001L9, tape file \d: its end was never written/);
      const { exitCode, stdout } = await here.command('backup', 'run', 'home', '--level', 'full', '--json');
      assert.equal(exitCode, 0, stdout);
      assert.deepEqual(JSON.parse(stdout).cartridges, [barcode]);
      const to = join(here.folder, 'to');
      assert.deepEqual((await here.restore(JSON.parse(stdout).dataSet, to)).failed, []);
      assert.equal((await here.command('catalog', 'check')).exitCode, 0);
    });
  }
});
