import assert from 'node:assert/strict';
import { test } from 'node:test';
import { milliseconds, seconds } from '#src/base/duration';
import { formatBytes } from '#src/cli/render/format-bytes';
import { formatDuration } from '#src/cli/render/format-duration';
import { jsonDocument } from '#src/cli/render/json-document';
import { renderTable } from '#src/cli/render/table';
import { terminalSafe } from '#src/cli/render/terminal-safe';

test('bytes have three digits and the unit below 1024', () => {
  const shown = [0, 999, 1023, 1024, 1536, 10 * 2 ** 20, 999.9 * 2 ** 20, 1023.9 * 2 ** 20, 18e12].map(formatBytes);
  assert.deepEqual(shown, [
    '0 B',
    '999 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '10.0 MiB',
    '1000 MiB',
    '1.00 GiB',
    '16.4 TiB',
  ]);
});

test('durations have two units', () => {
  const shown = [milliseconds(400), seconds(59), seconds(60), seconds(3599), seconds(7500)].map(formatDuration);
  assert.deepEqual(shown, ['0 s', '59 s', '1 min 00 s', '59 min 59 s', '2 h 05 min']);
});

test('counts beyond 2^53−1 are strings in JSON', () => {
  assert.equal(
    jsonDocument({ a: 2n ** 53n - 1n, b: 2n ** 53n, c: undefined }),
    '{"a":9007199254740991,"b":"9007199254740992"}\n',
  );
});

test('a table aligns its columns, and has no line without rows', () => {
  const rows = [
    ['G00001L9', '5'],
    ['é', '12'],
  ];
  assert.equal(
    renderTable(rows, { header: ['cartridge', 'n'], right: [1] }),
    'cartridge   n\nG00001L9    5\né          12\n',
  );
  assert.equal(renderTable([], { header: ['cartridge'] }), '');
});

test('a terminal is shown control characters, not sent them', () => {
  assert.equal(terminalSafe('a\u001b]0;x\u0007\u009b1m\u202eb\r\n\tc'), 'a\\x1B]0;x\\x07\\x9B1m\\u{202E}b\\x0D\n\tc');
});
