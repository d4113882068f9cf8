import type { Duration } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import type { Pause } from '#src/base/pause';
import { executeCommand } from '#src/device/execute-command';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { DeviceIdentity } from '#src/device/tape-drive';
import { encodeInquiryCdb, parseInquiry } from '#src/scsi/inquiry';
import {
  parseDeviceIdentification,
  parseUnitSerialNumber,
  serialInT10Designator,
  vitalProductDataPage,
} from '#src/scsi/vital-product-data';

export interface IdentityOptions {
  /** INQUIRY peripheral device type. */
  readonly expectedType: number;
  readonly timeout: Duration;
  readonly pause: Pause;
}

/**
 * INQUIRY and the serial number. Comes before everything else: INQUIRY is answered whatever the unit's state, and leaves its attentions alone
 * (SPC-5, INQUIRY command).
 */
export async function readIdentity(transport: ScsiTransport, options: IdentityOptions): Promise<DeviceIdentity> {
  const data = await inquire(transport, undefined, options);
  const { peripheralQualifier, deviceType, vendor, product, revision } = parseInquiry(data);
  if (data.length === 0 || peripheralQualifier !== 0 || deviceType !== options.expectedType) {
    throw new DeviceError('device.wrong-type', {
      message: `${transport.address}: device type ${deviceType} (qualifier ${peripheralQualifier}) where ${options.expectedType} was expected`,
      remedy: 'Correct the settings of the library in grandsire.yaml: they name another device.',
      usable: true,
    });
  }
  return { vendor, product, revision, serial: await readSerial(transport, options) };
}

/** Page 80h, else what page 83h says of the logical unit; empty where neither is there. */
async function readSerial(transport: ScsiTransport, options: IdentityOptions): Promise<string> {
  const serial = parseUnitSerialNumber(await inquire(transport, vitalProductDataPage.unitSerialNumber, options));
  if (serial !== undefined) return serial;
  const page = await inquire(transport, vitalProductDataPage.deviceIdentification, options);
  const ofUnit = parseDeviceIdentification(page).designators.filter(({ association }) => association === 0);
  for (const designator of ofUnit) {
    const inT10 = serialInT10Designator(designator);
    if (inT10 !== undefined) return inT10;
  }
  return ofUnit.find(({ type, text }) => type === 0 && text)?.text ?? '';
}

/** Empty where the device refuses the page. */
async function inquire(
  transport: ScsiTransport,
  page: number | undefined,
  { timeout, pause }: IdentityOptions,
): Promise<Uint8Array> {
  const buffer = new Uint8Array(page === undefined ? 96 : 1024);
  const cdb = encodeInquiryCdb({ ...(page === undefined ? {} : { page }), allocationBytes: buffer.length });
  const answer = await executeCommand(transport, cdb, { direction: 'in', buffer }, { timeout, pause });
  return answer.kind === 'good' ? buffer.subarray(0, answer.transferredBytes) : new Uint8Array(0);
}
