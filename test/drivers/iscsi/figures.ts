import assert from 'node:assert/strict';

/**
 * PDUs as the figures of RFC 7143 chapter 11 draw them, written down here a second time: nothing of the driver's own encoders and parsers
 * stands on this side.
 */
type Layout = Readonly<Record<string, readonly [offset: number, lengthBytes: number]>>;

const target = { itt: [16, 4], statSn: [24, 4], expCmdSn: [28, 4], maxCmdSn: [32, 4] } as const;
const residual = [44, 4] as const;

/** 11.4, 11.6, 11.7, 11.8, 11.9, 11.11, 11.13, 11.15, 11.17, 11.19. */
export const targetFigures = {
  nopIn: { opcode: 0x20, layout: { lun: [8, 8], ttt: [20, 4], ...target } },
  scsiResponse: {
    opcode: 0x21,
    layout: { response: [2, 1], status: [3, 1], ...target, snackTag: [20, 4], expDataSn: [36, 4], residual },
  },
  taskManagementResponse: { opcode: 0x22, layout: { response: [2, 1], ...target } },
  loginResponse: {
    opcode: 0x23,
    layout: {
      ...{ versionMax: [2, 1], versionActive: [3, 1], isid: [8, 6], tsih: [14, 2] },
      ...{ ...target, statusClass: [36, 1], statusDetail: [37, 1] },
    },
  },
  textResponse: { opcode: 0x24, layout: { lun: [8, 8], ttt: [20, 4], ...target } },
  dataIn: {
    opcode: 0x25,
    layout: {
      ...{ status: [3, 1], lun: [8, 8], ttt: [20, 4], ...target },
      ...{ dataSn: [36, 4], bufferOffset: [40, 4], residual },
    },
  },
  logoutResponse: {
    opcode: 0x26,
    layout: { response: [2, 1], ...target, time2Wait: [40, 2], time2Retain: [42, 2] },
  },
  readyToTransfer: {
    opcode: 0x31,
    layout: { lun: [8, 8], ttt: [20, 4], ...target, r2tSn: [36, 4], bufferOffset: [40, 4], desired: [44, 4] },
  },
  asynchronousMessage: {
    opcode: 0x32,
    layout: {
      ...{ lun: [8, 8], ...target, event: [36, 1], vendorCode: [37, 1] },
      ...{ parameter1: [38, 2], parameter2: [40, 2], parameter3: [42, 2] },
    },
  },
  reject: { opcode: 0x3f, layout: { reason: [2, 1], ...target } },
} as const satisfies Readonly<Record<string, { opcode: number; layout: Layout }>>;

export type TargetKind = keyof typeof targetFigures;
export type Fields<K extends TargetKind = TargetKind> = Partial<
  Record<(K extends TargetKind ? keyof (typeof targetFigures)[K]['layout'] : never) | 'flags', number | bigint>
>;

const initiator = { itt: [16, 4], cmdSn: [24, 4], expStatSn: [28, 4] } as const;

/** 11.3, 11.5, 11.7, 11.10, 11.12, 11.14, 11.18. */
const initiatorFigures = {
  nopOut: { opcode: 0x00, layout: { lun: [8, 8], ttt: [20, 4], ...initiator } },
  scsiCommand: { opcode: 0x01, layout: { lun: [8, 8], expectedBytes: [20, 4], ...initiator } },
  taskManagementRequest: {
    opcode: 0x02,
    layout: { lun: [8, 8], referencedTag: [20, 4], ...initiator, refCmdSn: [32, 4], expDataSn: [36, 4] },
  },
  loginRequest: {
    opcode: 0x03,
    layout: { versionMax: [2, 1], versionMin: [3, 1], isid: [8, 6], tsih: [14, 2], cid: [20, 2], ...initiator },
  },
  textRequest: { opcode: 0x04, layout: { lun: [8, 8], ttt: [20, 4], ...initiator } },
  dataOut: {
    opcode: 0x05,
    layout: { lun: [8, 8], itt: [16, 4], ttt: [20, 4], expStatSn: [28, 4], dataSn: [36, 4], bufferOffset: [40, 4] },
  },
  logoutRequest: { opcode: 0x06, layout: { cid: [20, 2], ...initiator } },
} as const satisfies Readonly<Record<string, { opcode: number; layout: Layout }>>;

export type RequestKind = keyof typeof initiatorFigures;

/** What the initiator sent. */
export interface Request {
  readonly kind: RequestKind;
  readonly immediate: boolean;
  readonly flags: number;
  /** Bytes 32 to 47: the CDB of a command. */
  readonly cdb: Buffer;
  readonly data: Buffer;
  /** The field of this name of the figure. */
  field(name: string): number;
}

/** Bitwise, with the polynomial 1EDC6F41h reflected, as RFC 7143 13.1 (RFC 3385) describes it. */
export function referenceCrc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function digest(bytes: Uint8Array): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(referenceCrc32c(bytes));
  return buffer;
}

function put(header: Buffer, [offset, lengthBytes]: readonly [number, number], value: number | bigint): void {
  if (typeof value === 'bigint') header.writeBigUInt64BE(value, offset);
  else if (lengthBytes > 6) header.writeBigUInt64BE(BigInt(value), offset);
  else header.writeUIntBE(value % 2 ** (8 * lengthBytes), offset, lengthBytes);
}

export interface Wrapping {
  readonly headerDigest?: boolean;
  readonly dataDigest?: boolean;
  /** Additional header segments, whole words. */
  readonly additional?: Buffer;
}

const paddingOf = (lengthBytes: number): number => (4 - (lengthBytes % 4)) % 4;

/** A PDU of a target. The final bit is set unless `flags` says otherwise; tags are reserved unless given. */
export function buildPdu(
  kind: TargetKind,
  fields: Fields,
  data: Buffer = Buffer.alloc(0),
  wrapping: Wrapping = {},
): Buffer {
  const { opcode, layout }: { readonly opcode: number; readonly layout: Layout } = targetFigures[kind];
  const header = Buffer.alloc(48);
  header[0] = opcode;
  header[1] = Number(fields.flags ?? 0x80);
  const additional = wrapping.additional ?? Buffer.alloc(0);
  header[4] = additional.length / 4;
  header.writeUIntBE(data.length, 5, 3);
  const values: Fields = { itt: 0xffff_ffff, ...('ttt' in layout ? { ttt: 0xffff_ffff } : {}), ...fields };
  for (const [name, value] of Object.entries(values)) {
    const place = layout[name];
    if (place && value !== undefined) put(header, place, value);
    else if (name !== 'flags') throw new RangeError(`a ${kind} has no field ${name}`);
  }
  return wrap(Buffer.concat([header, additional]), data, wrapping);
}

function wrap(header: Buffer, data: Buffer, { headerDigest, dataDigest }: Wrapping): Buffer {
  const padded = Buffer.concat([data, Buffer.alloc(paddingOf(data.length))]);
  return Buffer.concat([
    header,
    ...(headerDigest ? [digest(header)] : []),
    padded,
    ...(dataDigest && data.length > 0 ? [digest(padded)] : []),
  ]);
}

/** Cuts what an initiator sent into PDUs, and checks digests and padding. */
export class RequestReader {
  wrapping: Wrapping = {};
  #bytes = Buffer.alloc(0);

  /** The next whole PDU; undefined: more has to come first. */
  take(more: Uint8Array = Buffer.alloc(0)): Request | undefined {
    if (more.length > 0) this.#bytes = Buffer.concat([this.#bytes, more]);
    const bytes = this.#bytes;
    if (bytes.length < 48) return undefined;
    const { headerDigest, dataDigest } = this.wrapping;
    const dataBytes = bytes.readUIntBE(5, 3);
    const paddedBytes = dataBytes + paddingOf(dataBytes);
    const dataAt = 48 + (headerDigest ? 4 : 0);
    const dataEnd = dataAt + paddedBytes;
    const end = dataEnd + (dataDigest && dataBytes > 0 ? 4 : 0);
    if (bytes.length < end) return undefined;
    assert.equal(bytes[4], 0, 'no additional header segments are ever needed');
    const header = Buffer.from(bytes.subarray(0, 48));
    if (headerDigest) assert.deepEqual(bytes.subarray(48, 52), digest(header), 'header digest');
    const padded = Buffer.from(bytes.subarray(dataAt, dataEnd));
    if (end > dataEnd) assert.deepEqual(bytes.subarray(dataEnd, end), digest(padded), 'data digest');
    assert.ok(
      padded.subarray(dataBytes).every((byte) => byte === 0),
      'padding is zero',
    );
    this.#bytes = bytes.subarray(end);
    return describeRequest(header, padded.subarray(0, dataBytes));
  }
}

function describeRequest(header: Buffer, data: Buffer): Request {
  const operation = (header[0] ?? 0) & 0x3f;
  const found = Object.entries(initiatorFigures).find(([, { opcode }]) => opcode === operation);
  assert.ok(found, `operation code ${operation.toString(16)}h is not an initiator's`);
  const [kind, { layout }] = found as [RequestKind, { readonly layout: Layout }];
  return {
    kind,
    immediate: ((header[0] ?? 0) & 0x40) !== 0,
    flags: header[1] ?? 0,
    cdb: header.subarray(32, 48),
    data,
    field: (name) => {
      const place = layout[name];
      assert.ok(place, `a ${kind} has no field ${name}`);
      return Number(BigInt(`0x${header.subarray(place[0], place[0] + place[1]).toString('hex')}`));
    },
  };
}

/** `key=value` pairs of a text segment, in order. */
export const keysOf = (data: Buffer): readonly (readonly [string, string])[] =>
  data
    .toString('utf8')
    .split('\0')
    .filter((pair) => pair !== '')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);

export const textOf = (keys: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(
    Object.entries(keys)
      .map(([key, value]) => `${key}=${value}\0`)
      .join(''),
  );
