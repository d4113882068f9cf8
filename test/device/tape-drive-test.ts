import assert from 'node:assert/strict';
import { DeviceError } from '#src/base/errors';
import type { TapeDrive } from '#src/device/tape-drive';
import type { InterposedTransport } from '#test/support/interposed-transport';

/** What is asked of a drive, over a transport that the test can step into. */
export type Body = (drive: TapeDrive, transport: InterposedTransport) => Promise<void>;
/** Registers a test of a drive whose blank cartridge is loaded. */
export type Case = (title: string, body: Body) => void;

export const block = (bytes: number, fill: number): Uint8Array => new Uint8Array(bytes).fill(fill);
export const isDeviceError = (code: string) => (error: unknown) => error instanceof DeviceError && error.code === code;

/** Writes tape files of blocks of these lengths, each ended by a filemark, and rewinds. */
export async function writeFiles(drive: TapeDrive, files: readonly (readonly number[])[]): Promise<void> {
  for (const [index, lengths] of files.entries()) {
    const blocks = lengths.map((bytes) => block(bytes, index + 1));
    assert.equal((await drive.writeBlocks(blocks)).kind, 'written');
    assert.equal((await drive.writeFilemarks(1, { synchronise: true })).kind, 'written');
  }
  assert.equal(await drive.rewind(), undefined);
}
