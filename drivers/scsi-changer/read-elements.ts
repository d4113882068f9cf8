import type { ChangerUnit, Request } from '#drivers/scsi-changer/changer-unit';
import { timeLimits } from '#drivers/scsi-changer/time-limits';
import { DeviceError } from '#src/base/errors';
import type { ElementRange } from '#src/device/media-changer';
import type { Cancellable } from '#src/device/tape-drive';
import type { ElementAddress } from '#src/scsi/element-address';
import type { ElementStatus } from '#src/scsi/element-status';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { type ElementType, encodeReadElementStatusCdb } from '#src/scsi/read-element-status';
import { senseKey } from '#src/scsi/sense-key';

/** What READ ELEMENT STATUS of this library takes; found out at the first use, in this order. */
export interface ElementQuestion {
  /** DVCID: identifiers of the drives. */
  readonly deviceIdentifiers: boolean;
  /** CURDATA: from memory, so that asking moves nothing. */
  readonly currentData: boolean;
}

const questions: readonly ElementQuestion[] = [
  { deviceIdentifiers: true, currentData: true },
  { deviceIdentifiers: true, currentData: false },
  { deviceIdentifiers: false, currentData: true },
  { deviceIdentifiers: false, currentData: false },
];

/**
 * Descriptor with two volume tags (84 bytes) and a device identifier (4 + 255) is the longest; the report says too few bytes on some
 * targets (tgt), so room is made for the longest of each instead of asking twice.
 */
const roomBytes = 352;
const headersBytes = 16;
/** Additional sense code of INVALID ELEMENT ADDRESS (21/01) and its kin. */
const invalidElementAddress = 0x21;

/** Elements of one type; duplicates and elements outside of the range asked for are dropped (a target may ignore NUMBER OF ELEMENTS). */
export class ElementReader {
  readonly #unit: ChangerUnit;
  /** By type, because only drives have device identifiers. */
  readonly #taken = new Map<ElementType, ElementQuestion>();

  constructor(unit: ChangerUnit) {
    this.#unit = unit;
  }

  async read(type: ElementType, range: ElementRange, { signal }: Cancellable = {}): Promise<readonly ElementStatus[]> {
    const found = new Map<ElementAddress, ElementStatus>();
    const atOnce = Math.max(1, Math.floor((this.#unit.transport.maxTransferBytes - headersBytes) / roomBytes));
    const end = range.first + range.count;
    for (let first: number = range.first; first < end; ) {
      const part: ElementRange = { first: first as ElementAddress, count: Math.min(atOnce, end - first) };
      let last: number | undefined;
      for (const element of whole(await this.#readPart(type, part, { signal, isRest: first > range.first }))) {
        const isAsked =
          element.type === type && element.address >= part.first && element.address < part.first + part.count;
        if (!isAsked) continue;
        found.set(element.address, element);
        last = Math.max(last ?? 0, element.address);
      }
      // Fewer than were asked for: the answer was cut, or the library has a limit of its own. The rest is asked for as long as more comes.
      first = last === undefined ? part.first + part.count : last + 1;
    }
    if (type === 'storage' && range.count > 0 && found.size === 0) throw nothingSaid(this.#unit.transport.address);
    return [...found.values()].sort((a, b) => a.address - b.address);
  }

  async #readPart(
    type: ElementType,
    { first, count }: ElementRange,
    { signal, isRest }: { readonly signal: AbortSignal | undefined; readonly isRest: boolean },
  ): Promise<readonly ElementStatus[]> {
    const taken = this.#taken.get(type);
    const candidates = taken
      ? [taken]
      : questions.filter(({ deviceIdentifiers }) => !deviceIdentifiers || type === 'drive');
    for (const question of candidates) {
      const buffer = new Uint8Array(Math.min(this.#unit.transport.maxTransferBytes, headersBytes + count * roomBytes));
      const request: Request = {
        cdb: encodeReadElementStatusCdb({
          type,
          first,
          count,
          volumeTags: true,
          ...question,
          allocationBytes: buffer.length,
        }),
        data: { direction: 'in', buffer },
        timeout: timeLimits.elementStatus,
        signal,
      };
      const answer = await this.#unit.sendThrough(request);
      if (answer.kind === 'good') {
        this.#taken.set(type, question);
        return parseElementStatus(buffer.subarray(0, answer.transferredBytes)).elements;
      }
      // Nothing stands behind what it told already.
      if (isRest && answer.sense.asc === invalidElementAddress) return [];
      // Every refusal of a field counts as one of DVCID or CURDATA until the plainest question is refused too.
      const isLast = question === candidates.at(-1);
      if (isLast || answer.sense.key !== senseKey.illegalRequest) throw this.#unit.failure(request, answer.sense);
    }
    return [];
  }
}

/** Where the answer was cut in the barcode of its last element, that one is asked for again. Alone it is taken as it is, so that asking ends. */
function whole(elements: readonly ElementStatus[]): readonly ElementStatus[] {
  const last = elements.at(-1);
  const isCut = last?.truncated === true && last.full && last.primaryVolumeTag === undefined;
  return isCut && elements.length > 1 ? elements.slice(0, -1) : elements;
}

const nothingSaid = (address: string): DeviceError =>
  new DeviceError('device.malformed-response', {
    message: `${address}: the library does not say what lies in its slots; what was known of them is kept`,
    remedy: 'Run `grandsire library inventory`; if it stays so, power-cycle the library.',
    usable: true,
  });
