import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { seconds } from '#src/base/duration';
import { answer, openBench } from '#test/drivers/virtual/answers';
import { sendHex } from '#test/support/virtual-library';

const writer = fileURLToPath(new URL('./crash-writer.js', import.meta.url));

/** Kills the writer right after it said so often that it had synchronised; the last number it said. */
async function killAfter(path: string, lines: number): Promise<number> {
  const child = spawn(process.execPath, [writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let said = 0;
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    said = Number(line);
    count += 1;
    if (count === lines) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL');
  return said;
}

test('a writer killed in mid-write leaves everything that it had synchronised, and a cartridge that can be appended to', async () => {
  await using bench = await openBench({ load: true, capacity: '2GiB' });
  const { drive, library } = bench;
  let before = 0;
  for (const lines of [1, 2, 7, 12]) {
    const synchronised = await killAfter(library.path, lines);
    assert.ok(synchronised >= lines * 10);
    // This opening hears that another one wrote, and stands at the beginning.
    assert.equal(answer(await sendHex(drive, '000000000000')), '6/28/00');
    assert.equal(answer(await sendHex(drive, '110300000000')), 'good');
    const end = (await bench.data(drive, '34000000000000000000')).readUInt32BE(4);
    assert.ok(end >= before + synchronised, `${end} blocks, ${before} + ${synchronised} were synchronised`);
    const cdb = `2b0000${before.toString(16).padStart(8, '0')}000000`;
    assert.equal(answer(await sendHex(drive, cdb)), 'good');
    const buffer = Buffer.alloc(65_536);
    const phase = { direction: 'in', buffer } as const;
    for (let number = 1; number <= end - before; number++) {
      const result = await drive.execute(Buffer.from('080201000000', 'hex'), phase, { timeout: seconds(30) });
      assert.equal(result.transferredBytes, 60_001);
      assert.equal(buffer.readUInt32BE(), number);
      assert.ok(buffer.subarray(4, 60_001).every((byte) => byte === number % 251));
    }
    assert.equal(answer(await sendHex(drive, '080201000000', 65_536)), '8/00/05 info=65536');
    assert.equal(answer(await sendHex(drive, '0a0000000500', [Buffer.from('after')])), 'good');
    before = end + 1;
    // Nothing of a torn record is left between the old end and what was appended.
    assert.equal(statSync(library.imagePath('G00001L9')).size, imageBytes(before));
  }
});

let appended = 0;
/** Every record of 60,001 bytes takes 60,010; the five bytes that each round appends take 14. */
function imageBytes(objects: number): number {
  appended += 1;
  return (objects - appended) * 60_010 + appended * 14;
}
