import type { ScsiTransport } from '#src/device/scsi-transport';
import { encodeLongPosition, parseLongPosition } from '#src/scsi/read-position';
import { op } from '#test/faults/drive/phases';
import { answerWith, InterposedTransport } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

/** Objects of the label, which stays where it is: descriptor, README, filemark. */
export const labelObjects = 3n;

/**
 * A drive whose medium has so many more objects between the label and what follows it: what it says of its place, and where it is sent, is as on a
 * medium beyond 2³² objects. The short form of READ POSITION cannot tell such places (SSC-5, PERR).
 */
export function farDrive(transport: ScsiTransport, between: bigint): InterposedTransport {
  return new InterposedTransport(transport)
    .always(op.readPosition, async (pass, { cdb, data }) => {
      if (data.direction !== 'in') return await pass();
      const isLong = ((cdb[1] ?? 0) & 0x1f) === 6;
      const long = new Uint8Array(32);
      const asked = Uint8Array.from(cdb);
      asked[1] = 6;
      const result = await pass(asked, { direction: 'in', buffer: long });
      if (result.status !== 0) return result;
      const position = parseLongPosition(long);
      const { logicalObject = 0n } = position;
      const isFar = logicalObject >= labelObjects;
      if (!isLong && !isFar) return await pass();
      const answer = isLong
        ? encodeLongPosition({ ...position, logicalObject: logicalObject + (isFar ? between : 0n) })
        : beyondShortForm;
      data.buffer.set(answer.subarray(0, data.buffer.length));
      return { ...result, transferredBytes: Math.min(answer.length, data.buffer.length) };
    })
    .always(op.locate10, answerWith(fixedSense(5, 0x20, 0x00)))
    .always(op.locate16, async (pass, { cdb }) => {
      const wanted = Buffer.from(cdb).readBigUInt64BE(4);
      if (wanted < labelObjects) return await pass();
      if (wanted < labelObjects + between)
        return await answerWith(fixedSense(8, 0x00, 0x05))(pass, { cdb, data: { direction: 'none' } });
      const near = Buffer.from(cdb);
      near.writeBigUInt64BE(wanted - between, 4);
      return await pass(near);
    });
}

const beyondShortForm = Uint8Array.of(0x02, ...new Array(19).fill(0));
