import { bug } from '#src/base/errors';
import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';

/** The general mode block descriptor of tapes and changers (SPC-5, SSC-5): 8 bytes. */
export interface BlockDescriptor {
  readonly densityCode: number;
  /** 0 means all the rest of the medium. */
  readonly blocks: number;
  /** 0 is variable-block mode. */
  readonly blockLengthBytes: number;
}

export interface ModePage {
  readonly page: number;
  readonly subpage: number;
  /** PS: the page can be saved. Reserved, and sent as zero, in MODE SELECT. */
  readonly savable: boolean;
  /** What follows the header of the page (2 bytes, with a subpage 4). */
  readonly body: Uint8Array;
}

export interface ModeParameters {
  readonly mediumType: number;
  /** WP. Reserved in MODE SELECT. */
  readonly writeProtected: boolean;
  /** 0: GOOD once data is on the medium; 1: once it is in the buffer; 2: once all initiators' data is on the medium. */
  readonly bufferedMode: number;
  readonly speed: number;
  readonly blockDescriptors: readonly BlockDescriptor[];
  readonly pages: readonly ModePage[];
}

export interface ParsedModeParameters extends ModeParameters {
  /** Length of the whole answer as the device says it; 0 in a parameter list for MODE SELECT. */
  readonly availableBytes: number;
  readonly truncated: boolean;
}

const descriptorBytes = 8;

/** Data of MODE SENSE(6), or the parameter list of MODE SELECT(6). */
export function parseModeParameters6(data: Uint8Array): ParsedModeParameters {
  const view = new FieldView(data);
  return parseRest(view, { lengthBytes: 1, deviceSpecificAt: 2, descriptorsBytes: view.uint(3), start: 4 });
}

/** Data of MODE SENSE(10), or the parameter list of MODE SELECT(10). */
export function parseModeParameters10(data: Uint8Array): ParsedModeParameters {
  const view = new FieldView(data);
  return parseRest(view, { lengthBytes: 2, deviceSpecificAt: 3, descriptorsBytes: view.uint(6, 2), start: 8 });
}

interface Layout {
  readonly lengthBytes: 1 | 2;
  readonly deviceSpecificAt: 2 | 3;
  readonly descriptorsBytes: number;
  readonly start: number;
}

function parseRest(view: FieldView, layout: Layout): ParsedModeParameters {
  const { lengthBytes, deviceSpecificAt, descriptorsBytes, start } = layout;
  const announced = view.uint(0, lengthBytes);
  const availableBytes = announced === 0 ? 0 : announced + lengthBytes;
  const data = availableBytes === 0 ? view.bytes : view.bytes.subarray(0, Math.max(start, availableBytes));
  const blockDescriptors: BlockDescriptor[] = [];
  const pagesAt = start + descriptorsBytes;
  for (let offset = start; offset + descriptorBytes <= Math.min(pagesAt, data.length); offset += descriptorBytes) {
    blockDescriptors.push({
      densityCode: view.uint(offset),
      blocks: view.uint(offset + 1, 3),
      blockLengthBytes: view.uint(offset + 5, 3),
    });
  }
  const { pages, truncated } = parseModePages(data.subarray(pagesAt));
  return {
    mediumType: view.uint(deviceSpecificAt - 1),
    writeProtected: view.bit(deviceSpecificAt, 7),
    bufferedMode: view.bits(deviceSpecificAt, 6, 4),
    speed: view.bits(deviceSpecificAt, 3, 0),
    blockDescriptors,
    pages,
    availableBytes,
    truncated: view.truncated || truncated || view.lengthBytes < Math.max(availableBytes, pagesAt),
  };
}

/** The pages of a mode parameter list; one that is cut short is kept as far as it goes. */
function parseModePages(data: Uint8Array): { readonly pages: readonly ModePage[]; readonly truncated: boolean } {
  const view = new FieldView(data);
  const pages: ModePage[] = [];
  let offset = 0;
  while (offset + 2 <= data.length) {
    // SPF: a subpage code, and a page length of two bytes.
    const isSubpage = view.bit(offset, 6);
    const headerBytes = isSubpage ? 4 : 2;
    const bodyBytes = isSubpage ? view.uint(offset + 2, 2) : view.uint(offset + 1);
    pages.push({
      page: view.bits(offset, 5, 0),
      subpage: isSubpage ? view.uint(offset + 1) : 0,
      savable: view.bit(offset, 7),
      body: Uint8Array.from(view.slice(offset + headerBytes, bodyBytes)),
    });
    offset += headerBytes + bodyBytes;
  }
  return { pages, truncated: view.truncated || offset !== data.length };
}

function encodeModePage({ page, subpage, savable, body }: ModePage): Uint8Array {
  const first = (page & 0x3f) | flagByte({ 7: savable, 6: subpage !== 0 });
  const header = subpage === 0 ? Uint8Array.of(first, 0) : Uint8Array.of(first, subpage, 0, 0);
  putField(header, subpage === 0 ? 1 : 2, subpage === 0 ? 1 : 2, body.length);
  return Buffer.concat([header, body]);
}

/** `select`: MODE DATA LENGTH, WP and PS are reserved in a parameter list for MODE SELECT and are sent as zero. */
export type ModeDirection = 'sense' | 'select';

/** Throws `internal.bug` where the parameters are longer than the one-byte length can say. */
export function encodeModeParameters6(parameters: ModeParameters, direction: ModeDirection): Uint8Array {
  const data = assemble(parameters, direction, 4);
  if (direction === 'sense' && data.length > 256) throw bug(`${data.length} bytes do not fit in MODE SENSE(6) data`);
  if (direction === 'sense') putField(data, 0, 1, data.length - 1);
  data[1] = parameters.mediumType;
  data[2] = deviceSpecific(parameters, direction);
  putField(data, 3, 1, descriptorBytes * parameters.blockDescriptors.length);
  return data;
}

export function encodeModeParameters10(parameters: ModeParameters, direction: ModeDirection): Uint8Array {
  const data = assemble(parameters, direction, 8);
  if (direction === 'sense') putField(data, 0, 2, data.length - 2);
  data[2] = parameters.mediumType;
  data[3] = deviceSpecific(parameters, direction);
  putField(data, 6, 2, descriptorBytes * parameters.blockDescriptors.length);
  return data;
}

function deviceSpecific({ writeProtected, bufferedMode, speed }: ModeParameters, direction: ModeDirection): number {
  return flagByte({ 7: writeProtected && direction === 'sense' }) | ((bufferedMode & 0x07) << 4) | (speed & 0x0f);
}

function assemble(parameters: ModeParameters, direction: ModeDirection, headerBytes: number): Uint8Array {
  const descriptors = parameters.blockDescriptors.map((descriptor) => {
    const bytes = new Uint8Array(descriptorBytes);
    putField(bytes, 0, 1, descriptor.densityCode);
    putField(bytes, 1, 3, descriptor.blocks);
    putField(bytes, 5, 3, descriptor.blockLengthBytes);
    return bytes;
  });
  const pages = parameters.pages.map((page) =>
    encodeModePage(direction === 'select' ? { ...page, savable: false } : page),
  );
  return Uint8Array.from(Buffer.concat([new Uint8Array(headerBytes), ...descriptors, ...pages]));
}
