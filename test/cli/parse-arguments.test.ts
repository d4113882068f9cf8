import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '#src/base/duration';
import { defineCommand } from '#src/cli/command';
import { globalOptions } from '#src/cli/global-options';
import { parseArguments } from '#src/cli/parse-arguments';

const sample = defineCommand({
  noun: 'sample',
  verb: 'run',
  summary: 'a command for these tests',
  positionals: [
    { name: 'barcode', summary: 'one', required: true },
    { name: 'paths', summary: 'more', required: false, many: true },
  ],
  options: {
    drive: { kind: 'number', summary: 'a drive', value: 'N', least: 1, most: 4 },
    level: { kind: 'choice', summary: 'a level', choices: ['full', 'incremental'] },
    stageOnly: { kind: 'flag', summary: 'a flag' },
    out: { kind: 'text', summary: 'a file', value: 'F' },
    also: { kind: 'texts', summary: 'several', value: 'T' },
    size: { kind: 'size', summary: 'a size', value: 'S', default: 7 },
  },
  examples: [],
  exitCodes: [0],
  json: '{}',
  run: async () => ({ result: {} }),
  render: () => '',
});

const parse = (...argv: string[]) => parseArguments(sample, { ...sample.options, ...globalOptions }, argv);

test('barcodes and paths stay text, whatever they look like', async () => {
  for (const word of ['000012', '1e5', '0x1F', '12345678901234567890', 'true', 'null', '-']) {
    const { barcode, paths } = await parse(word, word);
    assert.equal(barcode, word);
    assert.deepEqual(paths, [word]);
  }
});

test('what stands behind -- is no option', async () => {
  const { barcode, paths, json } = await parse('G00001L9', '--', '--json', '-x');
  assert.equal(barcode, 'G00001L9');
  assert.deepEqual(paths, ['--json', '-x']);
  assert.equal(json, false);
});

test('options have the type of their definition, or their default', async () => {
  const given = await parse(
    'B',
    '--drive',
    '2',
    '--stage-only',
    '--level=full',
    '--out',
    '007',
    '--size=1KiB',
    '--wait',
    '2m',
  );
  assert.deepEqual([given.drive, given.stageOnly, given.level, given.out, given.size], [2, true, 'full', '007', 1024]);
  assert.equal(given.wait, seconds(120));
  const none = await parse('B');
  assert.deepEqual(
    [none.drive, none.stageOnly, none.level, none.out, none.size],
    [undefined, false, undefined, undefined, 7],
  );
  assert.deepEqual([none.paths, none.also, none.wait], [[], [], seconds(30)]);
});

test('an option that may be repeated takes one word each time, and any other the last', async () => {
  const { also, barcode, paths, out } = await parse('--also', '1', 'B', '--also=2', 'C', '--out', 'x', '--out', 'y');
  assert.deepEqual([also, barcode, paths, out], [['1', '2'], 'B', ['C'], 'y']);
});

const refused: readonly { readonly argv: readonly string[]; readonly says: RegExp }[] = [
  { argv: [], says: /BARCODE is missing/ },
  { argv: ['B', '--stageonly'], says: /--stageonly.* is not an option/ },
  { argv: ['B', '--stage'], says: /--stage.* is not an option/ },
  { argv: ['B', '-x'], says: /-x.* is not an option/ },
  { argv: ['B', '--drive', '0'], says: /--drive is "0", not a whole number from 1 to 4/ },
  { argv: ['B', '--drive', '5'], says: /--drive is "5"/ },
  { argv: ['B', '--drive', '1.5'], says: /--drive is "1.5"/ },
  { argv: ['B', '--drive', '0x2'], says: /--drive is "0x2"/ },
  { argv: ['B', '--drive'], says: /Not enough arguments following: drive/ },
  { argv: ['B', '--drive='], says: /drive/ },
  { argv: ['B', '--level', 'differential'], says: /--level is "differential", not full or incremental/ },
  { argv: ['B', '--size', 'big'], says: /--size is "big"/ },
  { argv: ['B', '--wait', '-1'], says: /--wait/ },
  { argv: ['B', '--json=false'], says: /--json takes no value/ },
  { argv: ['B', '--out', ''], says: /--out is empty/ },
  { argv: [''], says: /BARCODE is empty/ },
];

for (const { argv, says } of refused) {
  test(`refused: ${JSON.stringify(argv)}`, async () => {
    await assert.rejects(parse(...argv), {
      code: 'command.usage',
      message: says,
      remedy: /grandsire sample run --help/,
    });
  });
}
