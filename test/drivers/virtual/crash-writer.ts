import { parseVirtualSettings } from '#drivers/virtual/config';
import { driver } from '#drivers/virtual/driver';
import { seconds } from '#src/base/duration';
import { testSettingsPlace } from '#test/support/virtual-library';

/**
 * Started by the crash test: writes numbered blocks to the cartridge in drive 1 until it is killed. After every tenth it
 * synchronises, and says so on standard output only after the drive answered.
 */
const settings = parseVirtualSettings({ path: process.argv[2], drives: 1, slots: 8, mailSlots: 1 }, testSettingsPlace);
const source = await driver.openUnits(settings);
const unit = (await source.discover())[1];
if (!unit) throw new RangeError('no drive');
const drive = await source.open(unit);
const send = async (cdb: string, data?: Uint8Array): Promise<number> => {
  const phase = data ? ({ direction: 'out', data: [data] } as const) : ({ direction: 'none' } as const);
  return (await drive.execute(Buffer.from(cdb, 'hex'), phase, { timeout: seconds(30) })).status;
};

await send('000000000000');
// Behind whatever an earlier round left.
if ((await send('110300000000')) !== 0) throw new RangeError('no end of data');
const block = Buffer.alloc(60_001);
for (let number = 1; ; number++) {
  block.fill(number % 251);
  block.writeUInt32BE(number);
  if ((await send('0a0000ea6100', block)) !== 0) throw new RangeError(`block ${number} was not written`);
  if (number % 10 !== 0) continue;
  if ((await send('100000000000')) !== 0) throw new RangeError('not synchronised');
  process.stdout.write(`${number}\n`);
}
