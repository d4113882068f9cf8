import { generationFacts } from '#drivers/virtual/generation';
import { barcodeOf, type CartridgeRecord } from '#drivers/virtual/library-state';
import { good, invalidCdbField, type Reply } from '#drivers/virtual/reply';
import type { TapeMedium } from '#drivers/virtual/tape/tape-medium';
import { putField } from '#src/base/put-field';
import {
  attributeFormat,
  encodeAttributeList,
  encodeAttributeValues,
  encodeNumberedList,
  type MediumAttribute,
  type ReadAttributeCommand,
} from '#src/scsi/read-attribute';

const mebibyte = 2 ** 20;
/** MEDIUM TYPE, attribute 0408h. */
const mediumTypes = { data: 0x00, cleaning: 0x01, worm: 0x80 } as const;

/** READ ATTRIBUTE (SPC-5 6.17) of the medium that is loaded: one volume, one partition. */
export function readAttribute(medium: TapeMedium, command: ReadAttributeCommand): Reply {
  if (command.volume !== 0) return invalidCdbField(5);
  if (command.partition !== 0) return invalidCdbField(7);
  if (command.query === 'volumes' || command.query === 'partitions') return good(encodeNumberedList(0, 1));
  const attributes = attributesOf(medium);
  const { firstAttribute } = command;
  // SPC-5 6.17.2: an identifier that is not there cannot be the first.
  if (firstAttribute !== 0 && !attributes.some(({ identifier }) => identifier === firstAttribute))
    return invalidCdbField(8);
  const wanted = attributes.filter(({ identifier }) => identifier >= firstAttribute);
  if (command.query === 'values') return good(encodeAttributeValues(wanted));
  return good(encodeAttributeList(wanted.map(({ identifier }) => identifier)));
}

function attributesOf(medium: TapeMedium): readonly MediumAttribute[] {
  const { record } = medium;
  if (!record) return [];
  const { densityCode } = generationFacts(medium.generation);
  const remaining = Math.max(0, medium.capacityBytes - medium.image.end.dataBytes);
  return [
    binary(0x0000, 8, Math.floor(remaining / mebibyte)),
    binary(0x0001, 8, Math.floor(medium.capacityBytes / mebibyte)),
    binary(0x0003, 8, record.loads),
    text(0x0005, 8, 'LTO-CVE'),
    binary(0x0006, 1, densityCode),
    binary(0x0220, 8, Math.floor(record.writtenBytes / mebibyte)),
    binary(0x0221, 8, Math.floor(record.readBytes / mebibyte)),
    text(0x0400, 8, 'GRNDSIRE'),
    text(0x0401, 32, record.serial),
    text(0x0404, 8, 'LTO-CVE'),
    binary(0x0405, 1, densityCode),
    binary(0x0408, 1, mediumTypes[record.kind]),
    ...barcode(medium.id, record),
  ];
}

/** Written by the library when it loads the cartridge; absent where its label cannot be read. */
function barcode(id: string, record: CartridgeRecord): readonly MediumAttribute[] {
  const label = barcodeOf(id, record);
  return label === undefined ? [] : [{ ...text(0x0806, 32, label), readOnly: false }];
}

function binary(identifier: number, widthBytes: number, value: number): MediumAttribute {
  const bytes = new Uint8Array(widthBytes);
  putField(bytes, 0, widthBytes, value);
  return { identifier, readOnly: true, format: attributeFormat.binary, value: bytes };
}

const text = (identifier: number, widthBytes: number, value: string): MediumAttribute => ({
  identifier,
  readOnly: true,
  format: attributeFormat.ascii,
  value: Buffer.from(value.padEnd(widthBytes), 'latin1'),
});
