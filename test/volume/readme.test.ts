import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Descriptor, encodeDescriptor } from '#src/volume/descriptor';
import { encodeLabel, parseLabel } from '#src/volume/label';
import { SparseImage } from '#test/support/sparse-image';

const volume = '8f14e45f-ceea-467f-a8f9-3b0d2f1c9f10';
const blockSizeBytes = 4096;

/** SIMH magnetic tape format: little-endian length, data, pad byte where odd, length again; a zero word is a filemark. */
function simhRecord(data: Buffer): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(data.length);
  return Buffer.concat([word, data, Buffer.alloc(data.length % 2), word]);
}
const filemark = Buffer.alloc(4);

const blocksOf = (payload: Buffer): Buffer[] => {
  const blocks: Buffer[] = [];
  for (let at = 0; at < payload.length; at += blockSizeBytes)
    blocks.push(simhRecord(payload.subarray(at, at + blockSizeBytes)));
  return blocks;
};

const segment = (number: number, payload: Buffer): Buffer[] => {
  const descriptor: Descriptor = {
    kind: 'segment',
    volume,
    dataSet: 'home-20261122T220000Z',
    number,
    codecs: [],
    payloadBytes: payload.length,
    payloadXxh64: '0000000000000000',
    startsInside: null,
    endsInside: null,
    firstHeader: null,
  };
  return [simhRecord(encodeDescriptor(descriptor, 0)), ...blocksOf(payload), filemark];
};

describe('README on a virtual cartridge', () => {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  const content = Buffer.from(Array.from({ length: 30_011 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  let readme = '';

  before(() => {
    writeFileSync(join(folder, 'file.bin'), content);
    const archive = execFileSync('tar', ['--posix', '-C', folder, '-cf', '-', 'file.bin']);
    const label = encodeLabel({
      volume,
      barcode: 'G00001L9',
      cartridgeSerial: null,
      blockSizeBytes,
      labelledAt: '2026-11-22T22:00:00.000Z',
      writtenBy: 'Grandsire 0.1.0',
      virtual: true,
    });
    const gap = Buffer.from('feffffff', 'hex');
    const image = [
      simhRecord(label.descriptor),
      ...blocksOf(label.payload),
      filemark,
      gap,
      ...segment(1, archive.subarray(0, 20_480)),
      ...segment(2, archive.subarray(20_480)),
      Buffer.from('ffffffff', 'hex'),
      Buffer.from('rubbish behind the end of the medium'),
    ];
    writeFileSync(join(folder, 'G00001L9.tap'), Buffer.concat(image));
    readme = execFileSync('tar', ['-xOf', '-'], { input: label.payload }).toString();
    const parsed = parseLabel(label.descriptor);
    assert.ok(parsed.kind === 'ours' && parsed.label.volume === volume);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The commands of the README: its lines that begin with four spaces. */
  const commands = (): string[] => [...readme.matchAll(/^ {4}(.*)$/gm)].map((match) => match[1] as string);
  const run = (script: string): Buffer => execFileSync('bash', ['-c', script], { cwd: folder });

  it('lists what a tape file is by its own commands', () => {
    const lines = commands();
    const look = lines.findIndex((line) => line.includes('tar -xO'));
    const printed = run([...lines.slice(0, look), lines[look]].join('\n')).toString();
    assert.equal(JSON.parse(printed).number, 1);
  });

  it('takes what lies beyond 2³² bytes out of an image by its own function, in a plain shell', () => {
    const path = join(folder, 'long.tap');
    const far = randomBytes(70_001);
    using image = new SparseImage(path);
    image.zeros(258, 2 ** 24 - 1);
    image.filemark();
    assert.ok(image.endBytes > 2 ** 32);
    image.block(far);
    image.filemark();
    const lines = commands();
    const tapefile = lines.slice(0, lines.findIndex((line) => line.includes('done; }')) + 1).join('\n');
    assert.ok(execFileSync('sh', ['-c', `${tapefile}\ntapefile ${path} 1`]).equals(far));
  });

  it('restores a file that is cut between two tape files by its own commands', () => {
    const lines = commands();
    const functionEnd = lines.findIndex((line) => line.includes('done; }'));
    const several = lines.find((line) => line.startsWith('for n in 1 2'));
    rmSync(join(folder, 'file.bin'));
    run([...lines.slice(0, functionEnd + 1), several].join('\n'));
    assert.deepEqual(readFileSync(join(folder, 'file.bin')), content);
  });

  it('has no line of prose over 132 characters, and is plain ASCII', () => {
    for (const line of readme.split('\n')) assert.ok(line.length <= 132 || line.startsWith('    '), line);
    assert.match(readme, /^[\n\x20-\x7e]*$/);
  });
});
