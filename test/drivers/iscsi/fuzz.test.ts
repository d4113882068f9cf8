import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzInitiator } from '#test/drivers/iscsi/fuzz-campaign';

/** A million: `npm run fuzz:iscsi`. */
test('fifty thousand PDUs of a hostile target: every command ends lawfully, nothing is left', async () => {
  const { endings, logins, connections } = await fuzzInitiator(50_000, 1);
  // The mutations do not only hit what is refused at once.
  assert.ok(logins > connections / 3, `${logins} logins on ${connections} connections`);
  assert.ok((endings['status'] ?? 0) > 100 && (endings['device.unreachable'] ?? 0) > 100, JSON.stringify(endings));
  assert.ok((endings['called off'] ?? 0) > 20, JSON.stringify(endings));
});
