import { answerModeSense, changePage, type KeptPage, readModeList } from '#drivers/virtual/mode-sense';
import { good, invalidParameter, type Reply } from '#drivers/virtual/reply';
import { blockLimits, type TransferMode } from '#drivers/virtual/tape/tape-transfer';
import type { DataPhase } from '#src/device/scsi-transport';
import type { ModeSelectCommand, ModeSenseCommand } from '#src/scsi/mode-commands';
import type { ModePage, ParsedModeParameters } from '#src/scsi/mode-parameters';
import {
  encodeDataCompression,
  encodeDeviceConfiguration,
  encodeInformationalExceptions,
  encodeMediumConfiguration,
} from '#src/scsi/tape-mode-pages';

/** What mode parameters say of the medium in the drive. */
export interface ModeMedium {
  readonly densityCode: number;
  readonly writeProtected: boolean;
  readonly worm: boolean;
}

/** DENSITY CODE of MODE SELECT that leaves the density as it is (SSC-5, density codes). */
const unchangedDensity = 0x7f;

const page = (current: ModePage, changeable: readonly [offset: number, bits: number][] = []): KeptPage => {
  const mask = new Uint8Array(current.body.length);
  for (const [offset, bits] of changeable) mask[offset] = bits;
  return { current, default: current, changeable: mask };
};

/** Control mode page, 0Ah (SPC-5): of its fields only D_SENSE exists here. */
const controlPage: ModePage = { page: 0x0a, subpage: 0, savable: false, body: new Uint8Array(10) };
const descriptorSenseBit = 0x04;

const mediumConfigurationCode = 0x1d;

/** Mode parameters of a drive; shared by all that have it open, and lost when it is closed (nothing is saved). */
export class TapeModes {
  #blockLengthBytes = 0;
  #bufferedMode = 1;
  #pages: readonly KeptPage[] = [
    page(controlPage, [[0, descriptorSenseBit]]),
    page(
      encodeDataCompression({
        enabled: true,
        capable: true,
        decompressionEnabled: true,
        compressionAlgorithm: 1,
        decompressionAlgorithm: 1,
      }),
      [[0, 0x80]],
    ),
    page(
      encodeDeviceConfiguration({
        activePartition: 0,
        writeDelayTime: 0,
        reportEarlyWarning: false,
        synchroniseAtEarlyWarning: true,
        softwareWriteProtect: false,
        compressionAlgorithm: 1,
        wormTamperRead: 0,
        associatedWriteProtect: false,
        persistentWriteProtect: false,
        permanentWriteProtect: false,
      }),
      [[12, 0x01]],
    ),
    page(encodeInformationalExceptions({ disabled: true, test: false, method: 0 })),
  ];

  get transfer(): TransferMode {
    return { blockLengthBytes: this.#blockLengthBytes, buffered: this.#bufferedMode !== 0 };
  }

  get descriptorSense(): boolean {
    return this.#pages.some(
      ({ current }) => current.page === 0x0a && ((current.body[0] ?? 0) & descriptorSenseBit) !== 0,
    );
  }

  sense(command: ModeSenseCommand, medium: ModeMedium): Reply {
    const configuration = page(
      encodeMediumConfiguration({ worm: medium.worm, labelRestrictions: 0x00, filemarkRestrictions: 0x02 }),
    );
    return answerModeSense(command, [...this.#pages, configuration], {
      mediumType: 0x00,
      writeProtected: medium.writeProtected,
      bufferedMode: this.#bufferedMode,
      speed: 0,
      blockDescriptors: [{ densityCode: medium.densityCode, blocks: 0, blockLengthBytes: this.#blockLengthBytes }],
    });
  }

  /** Nothing is changed unless everything can be (SPC-5 6.12). `changed` tells whether others must hear of it. */
  select(
    command: ModeSelectCommand,
    data: DataPhase,
    medium: ModeMedium,
  ): { readonly reply: Reply; readonly changed: boolean } {
    const list = readModeList(command, data);
    if (list.kind !== 'list') return { reply: list.kind === 'refused' ? list.reply : good(), changed: false };
    const { parameters, headerBytes } = list;
    const refusal = refuseHeader(parameters, headerBytes, medium);
    if (refusal !== undefined) return { reply: invalidParameter(refusal), changed: false };
    let pages = this.#pages;
    let offset = headerBytes + 8 * parameters.blockDescriptors.length;
    for (const { page: code, subpage, body } of parameters.pages) {
      const kept = pages.find(({ current }) => current.page === code);
      const isUnchangeable = code === mediumConfigurationCode || subpage !== 0;
      const next = kept && !isUnchangeable ? changePage(kept, body) : undefined;
      if (!next) return { reply: invalidParameter(offset), changed: false };
      pages = pages.map((each) => (each === kept ? next : each));
      offset += 2 + body.length;
    }
    this.#pages = pages;
    this.#bufferedMode = parameters.bufferedMode;
    this.#blockLengthBytes = parameters.blockDescriptors[0]?.blockLengthBytes ?? this.#blockLengthBytes;
    return { reply: good(), changed: true };
  }
}

/** The byte of the header or block descriptor that cannot be accepted. */
function refuseHeader(parameters: ParsedModeParameters, headerBytes: number, medium: ModeMedium): number | undefined {
  const { blockDescriptors, bufferedMode, speed } = parameters;
  if (bufferedMode > 1 || speed !== 0) return headerBytes === 4 ? 2 : 3;
  if (blockDescriptors.length > 1) return headerBytes === 4 ? 3 : 6;
  const [descriptor] = blockDescriptors;
  if (!descriptor) return undefined;
  const { densityCode, blocks, blockLengthBytes } = descriptor;
  if (densityCode !== 0 && densityCode !== unchangedDensity && densityCode !== medium.densityCode) return headerBytes;
  if (blocks !== 0) return headerBytes + 1;
  return blockLengthBytes > blockLimits.maximumBlockBytes ? headerBytes + 5 : undefined;
}
