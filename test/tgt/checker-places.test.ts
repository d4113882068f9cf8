import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { TgtWorkplace } from '#test/tgt/tgt-workplace';

const script = fileURLToPath(new URL('../../../test/soak/checker/iscsi.py', import.meta.url));

it('the checker of the crash campaign asks the changer itself where cartridges lie', {
  skip: skipWithout(tgtTools),
}, async () => {
  await using library = await TgtLibrary.start({ cartridges: ['T00001L8', 'T00002L8', 'T00003L8'] });
  using workplace = new TgtWorkplace(library);
  const places = (): Record<string, string> => {
    const argv = ['-B', script, library.portal, library.target, String(library.changerLun)];
    return JSON.parse(execFileSync('python3', argv, { encoding: 'utf8' }));
  };
  assert.deepEqual(places(), { T00001L8: 'slot:1', T00002L8: 'slot:2', T00003L8: 'slot:3' });
  await workplace.json(['library', 'inventory']);
  await workplace.json(['drive', 'load', 'T00002L8', '--drive', '2']);
  await workplace.json(['library', 'move', 'T00001L8', 'slot:7']);
  await workplace.json(['library', 'export', 'T00003L8']);
  assert.deepEqual(places(), { T00001L8: 'slot:7', T00002L8: 'drive:2', T00003L8: 'mail:1' });
});
