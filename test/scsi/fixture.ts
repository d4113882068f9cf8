import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One exchange with a device that is not ours. The header of the file says which. */
export interface Fixture {
  readonly name: string;
  readonly cdb: Uint8Array;
  readonly status: number;
  readonly expectedBytes: number;
  readonly dataIn: Uint8Array;
  readonly dataOut: Uint8Array;
  readonly sense: Uint8Array;
}

const folder = join(import.meta.dirname, '../../../test/scsi/fixtures');

export const fixtureNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -'.txt'.length))
  .sort();

/** Lines `field: hexadecimal`; indented lines continue a field, `#` begins a comment. */
export function readFixture(name: string): Fixture {
  const fields = new Map<string, string>();
  let current = '';
  for (const line of readFileSync(join(folder, `${name}.txt`), 'utf8').split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const match = /^([a-z-]+):(.*)$/.exec(line);
    current = match?.[1] ?? current;
    fields.set(current, (fields.get(current) ?? '') + (match?.[2] ?? line).trim());
  }
  const bytes = (field: string): Uint8Array => Uint8Array.from(Buffer.from(fields.get(field) ?? '', 'hex'));
  return {
    name,
    cdb: bytes('cdb'),
    status: Number.parseInt(fields.get('status') ?? '0', 16),
    expectedBytes: Number(fields.get('expected') ?? '0'),
    dataIn: bytes('data-in'),
    dataOut: bytes('data-out'),
    sense: bytes('sense'),
  };
}

/** Bytes from hexadecimal with any spacing. */
export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
