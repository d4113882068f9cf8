import { good, invalidCdbField, type Reply } from '#drivers/virtual/reply';
import type { TapeMedium } from '#drivers/virtual/tape/tape-medium';
import { putField } from '#src/base/put-field';
import { encodeLogPage, encodeSupportedLogPages, type LogParameter, type LogSenseCommand } from '#src/scsi/log-sense';

/** TapeAlert flags that this drive sets (SSC-5, TapeAlert flags). */
export const tapeAlert = {
  readFailure: 5,
  writeFailure: 6,
  writeProtected: 9,
  removalPrevented: 10,
  cleaningMedium: 11,
  unsupportedFormat: 12,
  cleanNow: 20,
  expiredCleaningMedium: 22,
  wormOverwriteAttempted: 60,
} as const;

const flagCount = 64;
const pages = {
  supported: 0x00,
  sequentialAccess: 0x0c,
  deviceStatus: 0x11,
  alertResponse: 0x12,
  alert: 0x2e,
  capacity: 0x31,
} as const;
const mebibyte = 2 ** 20;

export interface TelemetrySources {
  readonly medium: TapeMedium | undefined;
  readonly hasCartridge: boolean;
  readonly preventing: boolean;
  readonly cleaningRequired: boolean;
  /** A used-up cleaning cartridge is in it. */
  readonly cleaningFailed: boolean;
}

/** Counters and alerts of a drive since it was opened. */
export class TapeTelemetry {
  readonly #alerts = new Set<number>();
  #writtenBytes = 0;
  #readBytes = 0;

  alert(flag: number): void {
    this.#alerts.add(flag);
  }

  /** Flags that speak of a cartridge go with it (SSC-5, TapeAlert: deactivation on load). */
  newCartridge(): void {
    this.#alerts.clear();
  }

  count(moved: { readonly written?: number; readonly read?: number }): void {
    this.#writtenBytes += moved.written ?? 0;
    this.#readBytes += moved.read ?? 0;
  }

  /** LOG SENSE (SPC-5 6.9). */
  sense({ page, subpage, savePages, parameterPointer }: LogSenseCommand, sources: TelemetrySources): Reply {
    if (savePages) return invalidCdbField(1, 0);
    if (subpage !== 0) return invalidCdbField(3);
    if (page === pages.supported) return good(encodeSupportedLogPages(Object.values(pages)));
    const parameters = this.#page(page, sources);
    if (!parameters) return invalidCdbField(2, 5);
    if (page === pages.alert) this.#alerts.clear();
    return good(
      encodeLogPage({ page, subpage: 0, parameters: parameters.filter(({ code }) => code >= parameterPointer) }),
    );
  }

  #page(page: number, sources: TelemetrySources): readonly LogParameter[] | undefined {
    switch (page) {
      case pages.sequentialAccess:
        return [
          counter(0x0000, this.#writtenBytes, 8),
          counter(0x0001, this.#writtenBytes, 8),
          counter(0x0002, this.#readBytes, 8),
          counter(0x0003, this.#readBytes, 8),
          counter(0x0100, sources.cleaningRequired ? 1 : 0, 8),
        ];
      case pages.deviceStatus:
        return [{ code: 0x0000, control: 0x03, value: deviceStatus(sources) }];
      case pages.alertResponse:
        return [{ code: 0x0000, control: 0x03, value: alertBits(this.#active(sources)) }];
      case pages.alert: {
        const active = this.#active(sources);
        return Array.from({ length: flagCount }, (_, index) => ({
          code: index + 1,
          control: 0x03,
          value: Uint8Array.of(active.has(index + 1) ? 1 : 0),
        }));
      }
      case pages.capacity:
        return capacityPage(sources.medium);
      default:
        return undefined;
    }
  }

  /** Clean now stays until the drive is cleaned, and a used-up cartridge is told until it is taken out, however often it was read. */
  #active({ cleaningRequired, cleaningFailed }: TelemetrySources): ReadonlySet<number> {
    const lasting = [
      ...(cleaningRequired ? [tapeAlert.cleanNow] : []),
      ...(cleaningFailed ? [tapeAlert.expiredCleaningMedium] : []),
    ];
    return new Set([...this.#alerts, ...lasting]);
  }
}

/** FORMAT AND LINKING 11b is a binary list, 10b with the counter bits zero a bounded counter (SPC-5, log parameters). */
function counter(code: number, value: number, widthBytes: number): LogParameter {
  const bytes = new Uint8Array(widthBytes);
  putField(bytes, 0, widthBytes, value);
  return { code, control: 0x00, value: bytes };
}

/** Flag 1 is bit 7 of the first byte (SSC-5, TapeAlert response log page). */
function alertBits(active: ReadonlySet<number>): Uint8Array {
  const bytes = new Uint8Array(flagCount / 8);
  for (const flag of active) {
    const index = (flag - 1) >> 3;
    bytes[index] = (bytes[index] as number) | (0x80 >> ((flag - 1) & 7));
  }
  return bytes;
}

/** Very high frequency data (SSC-5, DT device status log page). */
function deviceStatus({ medium, hasCartridge, preventing, cleaningRequired }: TelemetrySources): Uint8Array {
  const bytes = new Uint8Array(4);
  const isInitialised = 0x01;
  bytes[0] =
    isInitialised |
    (preventing ? 0x80 : 0) |
    (medium ? 0x20 : 0) |
    (medium?.writeProtected ? 0x08 : 0) |
    (cleaningRequired ? 0x06 : 0);
  bytes[1] = (hasCartridge ? 0x10 : 0) | (medium ? 0x07 : 0);
  bytes[3] = cleaningRequired ? 0x01 : 0x00;
  return bytes;
}

/** Tape capacity log page of LTO drives: main partition, mebibytes. */
function capacityPage(medium: TapeMedium | undefined): readonly LogParameter[] {
  const mebibytes = (bytes: number): number => Math.floor(bytes / mebibyte);
  const remaining = medium ? medium.capacityBytes - medium.image.end.dataBytes : 0;
  return [
    counter(0x0001, mebibytes(Math.max(0, remaining)), 4),
    counter(0x0002, 0, 4),
    counter(0x0003, mebibytes(medium?.capacityBytes ?? 0), 4),
    counter(0x0004, 0, 4),
  ];
}
