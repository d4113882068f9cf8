import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import type { ModePage } from '#src/scsi/mode-parameters';

/** Mode pages of tape drives (SSC-5, SPC-5). 1Dh means element addresses to a changer (`changer-mode-pages.ts`). */
export const tapeModePage = {
  dataCompression: 0x0f,
  deviceConfiguration: 0x10,
  informationalExceptions: 0x1c,
  mediumConfiguration: 0x1d,
} as const;

/** Data compression mode page, 0Fh (SSC-5). */
export interface DataCompression {
  /** DCE: data is compressed when written. */
  readonly enabled: boolean;
  /** DCC: the drive can compress. */
  readonly capable: boolean;
  /** DDE: compressed data is expanded when read. */
  readonly decompressionEnabled: boolean;
  /** 0 none, 1 the drive's default, 3 IBM ALDC, 10h IBM IDRC; LTO drives report 1 or FFh (unregistered). */
  readonly compressionAlgorithm: number;
  readonly decompressionAlgorithm: number;
}

export function parseDataCompression({
  body,
}: Pick<ModePage, 'body'>): DataCompression & { readonly truncated: boolean } {
  const view = new FieldView(body);
  return {
    enabled: view.bit(0, 7),
    capable: view.bit(0, 6),
    decompressionEnabled: view.bit(1, 7),
    compressionAlgorithm: view.uint(2, 4),
    decompressionAlgorithm: view.uint(6, 4),
    truncated: view.truncated,
  };
}

export function encodeDataCompression(page: DataCompression): ModePage {
  const body = new Uint8Array(14);
  body[0] = flagByte({ 7: page.enabled, 6: page.capable });
  body[1] = flagByte({ 7: page.decompressionEnabled });
  putField(body, 2, 4, page.compressionAlgorithm);
  putField(body, 6, 4, page.decompressionAlgorithm);
  return { page: tapeModePage.dataCompression, subpage: 0, savable: false, body };
}

/** Device configuration mode page, 10h (SSC-5). What is not named here keeps its place in `raw`. */
export interface DeviceConfiguration {
  readonly activePartition: number;
  /** 100 ms before a partly filled buffer is written. */
  readonly writeDelayTime: number;
  /** REW: early warning is reported while reading too. */
  readonly reportEarlyWarning: boolean;
  /** SEW: the buffer is written out when early warning is met. */
  readonly synchroniseAtEarlyWarning: boolean;
  /** SWP: write protection by software. */
  readonly softwareWriteProtect: boolean;
  /** SELECT DATA COMPRESSION ALGORITHM: 0 off; LTO drives know 0 and 1 only. */
  readonly compressionAlgorithm: number;
  /** WTRE: 1 reads a WORM medium that was tampered with, 2 refuses. */
  readonly wormTamperRead: number;
  readonly associatedWriteProtect: boolean;
  readonly persistentWriteProtect: boolean;
  readonly permanentWriteProtect: boolean;
}

export function parseDeviceConfiguration({
  body,
}: Pick<ModePage, 'body'>): DeviceConfiguration & { readonly truncated: boolean } {
  const view = new FieldView(body);
  return {
    activePartition: view.uint(1),
    writeDelayTime: view.uint(4, 2),
    reportEarlyWarning: view.bit(6, 0),
    synchroniseAtEarlyWarning: view.bit(8, 3),
    softwareWriteProtect: view.bit(8, 2),
    compressionAlgorithm: view.uint(12),
    wormTamperRead: view.bits(13, 7, 6),
    associatedWriteProtect: view.bit(13, 2),
    persistentWriteProtect: view.bit(13, 1),
    permanentWriteProtect: view.bit(13, 0),
    truncated: view.truncated,
  };
}

/** With `onto`, a body that the drive sent, the fields that are not named keep their values; else they are zero. */
export function encodeDeviceConfiguration(page: DeviceConfiguration, onto?: Uint8Array): ModePage {
  const body = new Uint8Array(14);
  body.set((onto ?? body).subarray(0, 14));
  const keep = (offset: number, mask: number): number => (body[offset] ?? 0) & mask;
  putField(body, 1, 1, page.activePartition);
  putField(body, 4, 2, page.writeDelayTime);
  body[6] = keep(6, 0xfe) | flagByte({ 0: page.reportEarlyWarning });
  body[8] = keep(8, 0xf3) | flagByte({ 3: page.synchroniseAtEarlyWarning, 2: page.softwareWriteProtect });
  putField(body, 12, 1, page.compressionAlgorithm);
  body[13] =
    keep(13, 0x38) |
    ((page.wormTamperRead & 0x03) << 6) |
    flagByte({ 2: page.associatedWriteProtect, 1: page.persistentWriteProtect, 0: page.permanentWriteProtect });
  return { page: tapeModePage.deviceConfiguration, subpage: 0, savable: false, body };
}

/** Informational exceptions control mode page, 1Ch (SPC-5); a drive reports TapeAlert by it. */
export interface InformationalExceptions {
  /** DEXCPT: informational exceptions are not reported. */
  readonly disabled: boolean;
  readonly test: boolean;
  /** MRIE: 0 never; 3 as recovered errors … 6 on REQUEST SENSE. */
  readonly method: number;
}

export function parseInformationalExceptions({
  body,
}: Pick<ModePage, 'body'>): InformationalExceptions & { readonly truncated: boolean } {
  const view = new FieldView(body);
  return { disabled: view.bit(0, 3), test: view.bit(0, 2), method: view.bits(1, 3, 0), truncated: view.truncated };
}

export function encodeInformationalExceptions({ disabled, test, method }: InformationalExceptions): ModePage {
  const body = new Uint8Array(10);
  body[0] = flagByte({ 3: disabled, 2: test });
  body[1] = method & 0x0f;
  return { page: tapeModePage.informationalExceptions, subpage: 0, savable: false, body };
}

/** Medium configuration mode page, 1Dh of a tape drive (SSC-5). */
export interface MediumConfiguration {
  /** WORMM: the loaded medium is write-once. */
  readonly worm: boolean;
  readonly labelRestrictions: number;
  readonly filemarkRestrictions: number;
}

export function parseMediumConfiguration({
  body,
}: Pick<ModePage, 'body'>): MediumConfiguration & { readonly truncated: boolean } {
  const view = new FieldView(body);
  const [labelRestrictions, filemarkRestrictions] = [view.uint(2), view.uint(3)];
  return { worm: view.bit(0, 0), labelRestrictions, filemarkRestrictions, truncated: view.truncated };
}

export function encodeMediumConfiguration(page: MediumConfiguration): ModePage {
  const body = new Uint8Array(30);
  body[0] = flagByte({ 0: page.worm });
  putField(body, 2, 1, page.labelRestrictions);
  putField(body, 3, 1, page.filemarkRestrictions);
  return { page: tapeModePage.mediumConfiguration, subpage: 0, savable: false, body };
}
