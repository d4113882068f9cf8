import assert from 'node:assert/strict';
import type { ScsiResult, ScsiTransport } from '#src/device/scsi-transport';
import { createTestLibrary, sendHex, type TestLibrary, type TestLibraryOptions } from '#test/support/virtual-library';

/**
 * An answer in words, decoded from fixed sense data by the table in SPC-5 (byte 0 VALID and response code, 2 FILEMARK, EOM,
 * ILI and sense key, 3–6 INFORMATION, 12 and 13 ASC and ASCQ, 15 SKSV), without the program's own parser:
 * `good`, or `0/00/01 FM info=1`.
 */
export function answer({ status, sense }: ScsiResult): string {
  if (status === 0x00) return 'good';
  assert.equal(status, 0x02);
  assert.equal((sense[7] ?? 0) + 8, sense.length);
  const byte = (index: number): string => (sense[index] ?? 0).toString(16).padStart(2, '0');
  const flags = sense[2] ?? 0;
  const words = [`${(flags & 0x0f).toString(16)}/${byte(12)}/${byte(13)}`];
  if (((sense[0] ?? 0) & 0x7f) === 0x71) words.unshift('deferred');
  if (flags & 0x80) words.push('FM');
  if (flags & 0x40) words.push('EOM');
  if (flags & 0x20) words.push('ILI');
  if ((sense[0] ?? 0) & 0x80) words.push(`info=${Buffer.from(sense).readInt32BE(3)}`);
  if ((sense[15] ?? 0) & 0x80) {
    const bit = (sense[15] ?? 0) & 0x08 ? `.${(sense[15] ?? 0) & 0x07}` : '';
    words.push(`${(sense[15] ?? 0) & 0x40 ? 'cdb' : 'data'}=${Buffer.from(sense).readUInt16BE(16)}${bit}`);
  }
  return words.join(' ');
}

export interface Bench extends AsyncDisposable {
  readonly library: TestLibrary;
  readonly changer: ScsiTransport;
  readonly drive: ScsiTransport;
  /** Answers of the changer and of drive 1 to a CDB in hexadecimal. */
  robot(cdb: string, phase?: number | readonly Uint8Array[]): Promise<string>;
  tape(cdb: string, phase?: number | readonly Uint8Array[]): Promise<string>;
  data(transport: ScsiTransport, cdb: string, room?: number): Promise<Buffer>;
}

/** A library whose power-on attentions were taken; with `load`, slot 1 is in drive 1 and the drive is ready. */
export async function openBench(options: TestLibraryOptions & { readonly load?: boolean } = {}): Promise<Bench> {
  const library = await createTestLibrary(options);
  const changer = await library.changer();
  const drive = await library.drive();
  const robot = async (cdb: string, phase?: number | readonly Uint8Array[]) =>
    answer(await sendHex(changer, cdb, phase));
  const tape = async (cdb: string, phase?: number | readonly Uint8Array[]) => answer(await sendHex(drive, cdb, phase));
  assert.equal(await robot('000000000000'), '6/29/00');
  assert.equal(await tape('000000000000'), '6/29/00');
  if (options.load) {
    assert.equal(await robot(move(slot(1), driveElement(1))), 'good');
    assert.equal(await tape('000000000000'), '6/28/00');
    assert.equal(await tape('000000000000'), 'good');
  }
  return {
    library,
    changer,
    drive,
    robot,
    tape,
    data: async (transport, cdb, room = 4096) => {
      const result = await sendHex(transport, cdb, room);
      assert.equal(answer(result), 'good');
      return result.data;
    },
    [Symbol.asyncDispose]: () => library[Symbol.asyncDispose](),
  };
}

const hex4 = (value: number): string => value.toString(16).padStart(4, '0');

/** Element addresses as `docs/drivers/virtual.md` gives them. */
export const slot = (number: number): string => hex4(0x1000 + number - 1);
export const mailSlot = (number: number): string => hex4(0x0010 + number - 1);
export const driveElement = (number: number): string => hex4(0x0100 + number - 1);

/** MOVE MEDIUM (SMC-3 6.6): A5h, transport, source, destination. */
export const move = (from: string, to: string, transport = '0000'): string => `a500${transport}${from}${to}00000000`;

export const text = (value: string): readonly Uint8Array[] => [Buffer.from(value)];
