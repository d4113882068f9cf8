import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GrandsireError } from '#src/base/errors';
import { parse, refusal } from '#test/config/configurations';

const bomb = [
  'a: &a [x,x,x,x,x,x,x,x,x]',
  ...[...'bcdefghi'].map((name, index) => {
    const before = 'abcdefgh'[index];
    return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`;
  }),
].join('\n');

const hostile: readonly { readonly name: string; readonly text: string; readonly says: RegExp }[] = [
  { name: 'aliases that multiply', text: bomb, says: /:\d+:\d+ has more than 50000 entries/ },
  { name: 'an alias of what contains it', text: 'a: &a [*a]', says: /nested deeper than 32/ },
  { name: 'an alias of nothing', text: 'a: *b', says: /:1:4 refers to `\*b`/ },
  { name: 'brackets nested by the thousand', text: `a: ${'['.repeat(200_000)}`, says: /grandsire\.yaml:\d+:\d+ / },
  { name: 'a file of megabytes', text: `# ${'x'.repeat(2 << 20)}`, says: /is \d+ characters long/ },
  {
    name: 'a hundred thousand keys',
    text: Array.from({ length: 100_000 }, (_, n) => `k${n}:`).join('\n'),
    says: /50000 entries/,
  },
  { name: 'a second document', text: 'a: 1\n---\nb: 2\n', says: /:\d+:\d+ begins a second document/ },
  { name: 'a tag', text: 'a: !!js/function "x"', says: /:1:4 is not valid YAML/ },
  { name: 'a mapping as key', text: '? { a: 1 }\n: 2', says: /:1:3 is not a plain key/ },
  {
    name: 'a key that is the prototype',
    text: 'libraries: { __proto__: { driver: x } }',
    says: /:1:14 is `__proto__`/,
  },
  { name: 'a key of every object', text: 'constructor: 1', says: /:1:1 constructor is an unknown key/ },
  { name: 'a merge key', text: 'x: &x { size: 1GiB }\nstaging: { <<: *x }', says: /staging\."<<" is an unknown key/ },
  { name: 'a broken line', text: 'staging: { size: 1GiB\nsets: {}', says: /grandsire\.yaml:\d+:\d+ is not valid YAML/ },
  { name: 'a tabulator for indentation', text: 'staging:\n\tsize: 1GiB', says: /:2:1 is not valid YAML/ },
];

for (const { name, text, says } of hostile) {
  test(`${name} ends in a clear refusal`, () => {
    const error = refusal(text);
    assert.equal(error.code, 'config.invalid');
    assert.match(error.message, says);
    assert.ok(error.message.length < 10_000);
  });
}

test('any text is accepted or refused, never anything else', () => {
  const piece = fc.constantFrom(
    'staging:',
    'size:',
    ' ',
    '\n',
    '  ',
    '1GiB',
    '{',
    '}',
    '[',
    ']',
    ',',
    '- ',
    '&a',
    '*a',
    "'",
    '"',
    '|',
    '#',
    '? ',
    ': ',
    'sets:',
    'pools:',
    '~',
    '0',
    '\0',
    '!!binary',
    '%YAML 1.1',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parse(text);
      } catch (error) {
        assert.ok(error instanceof GrandsireError && error.code === 'config.invalid', String(error));
        assert.match(error.message, /^\/etc\/g\/grandsire\.yaml:\d+:\d+ /);
      }
    }),
    { numRuns: 2000 },
  );
});
