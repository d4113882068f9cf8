import type { ScsiTransport } from '#src/device/scsi-transport';
import { answerWith, InterposedTransport, type Interposition } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

const invalidOperation = answerWith(fixedSense(5, 0x20, 0x00));

/** READ POSITION with the location-unknown bits and zeros, as tgt answers it (docs/hardware.md). */
const unknownPosition: Interposition = async (_pass, { data }) => {
  if (data.direction !== 'in') throw new TypeError('READ POSITION without data-in');
  const answer = new Uint8Array(20);
  answer[0] = 0x04;
  data.buffer.set(answer.subarray(0, data.buffer.length));
  return { status: 0, sense: new Uint8Array(0), transferredBytes: Math.min(20, data.buffer.length) };
};

/** The long form is refused; devices that do not know their place are older than it. */
const shortFormOnly: Interposition = async (pass, command) =>
  ((command.cdb[1] ?? 0) & 0x1f) === 0
    ? await unknownPosition(pass, command)
    : await answerWith(fixedSense(5, 0x24, 0x00))(pass, command);

/** SPACE over blocks counts filemarks as blocks and goes on. */
const spaceThroughFilemarks: Interposition = async (pass, { cdb }) => {
  const isBlocks = ((cdb[1] ?? 0) & 0x0f) === 0;
  let left = Buffer.from(cdb).readIntBE(2, 3);
  if (!isBlocks || left === 0) return await pass();
  const step = Math.sign(left);
  for (;;) {
    const single = Buffer.from(cdb);
    single.writeIntBE(step, 2, 3);
    const result = await pass(single);
    const isFilemark = result.status === 0x02 && ((result.sense[2] ?? 0) & 0x80) !== 0;
    if (result.status !== 0 && !isFilemark) {
      const sense = Buffer.from(result.sense);
      sense.writeInt32BE(Math.abs(left), 3);
      return { ...result, sense };
    }
    left -= step;
    if (left === 0) return { status: 0, sense: new Uint8Array(0), transferredBytes: 0 };
  }
};

/** Early warning by the EOM bit alone, and end of data as 8/00/00 with EOM. */
const bareCodes: Interposition = async (pass) => {
  const result = await pass();
  const key = (result.sense[2] ?? 0) & 0x0f;
  if (result.status !== 0x02 || (key !== 0 && key !== 8)) return result;
  const sense = Buffer.from(result.sense);
  if (key === 8) sense[2] = (sense[2] ?? 0) | 0x40;
  if (key === 8 || ((sense[2] ?? 0) & 0x40) !== 0) sense[13] = 0;
  return { ...result, sense };
};

/** A drive that follows the standard and does not know where it is: it neither tells its place nor locates. */
export function withoutPlace(transport: ScsiTransport): InterposedTransport {
  return new InterposedTransport(transport)
    .always(0x34, shortFormOnly)
    .always(0x2b, invalidOperation)
    .always(0x92, invalidOperation);
}

/** Makes of a drive that follows the standard one that departs from it as tgt does (docs/hardware.md). */
export function lessenDrive(transport: ScsiTransport): ScsiTransport {
  return withoutPlace(transport)
    .always(0xa3, invalidOperation)
    .always(0x19, invalidOperation)
    .always(0x4d, invalidOperation)
    .always(0x8c, invalidOperation)
    .always(0x11, spaceThroughFilemarks)
    .always(0x08, bareCodes)
    .always(0x0a, bareCodes);
}
