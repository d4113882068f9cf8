/** What a test puts into one header block by hand; octal fields as the text that stands there. */
export interface HandmadeHeader {
  readonly name: string;
  readonly typeFlag?: string;
  readonly linkName?: string;
  readonly mode?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly size?: string;
  readonly mtime?: string;
  readonly magic?: string;
  readonly deviceMajor?: string;
  readonly deviceMinor?: string;
  readonly prefix?: string;
}

/** A header block of POSIX.1-2017, pax, "ustar Interchange Format", offsets as they stand there. */
export function headerBlock(fields: HandmadeHeader): Buffer {
  const block = Buffer.alloc(512);
  const put = (offset: number, text: string): number => block.write(text, offset, 'latin1');
  put(0, fields.name);
  put(100, fields.mode ?? '0000644\0');
  put(108, fields.uid ?? '0000000\0');
  put(116, fields.gid ?? '0000000\0');
  put(124, fields.size ?? '00000000000\0');
  put(136, fields.mtime ?? '00000000000\0');
  put(148, '        ');
  put(156, fields.typeFlag ?? '0');
  put(157, fields.linkName ?? '');
  put(257, fields.magic ?? 'ustar\u000000');
  put(329, fields.deviceMajor ?? '0000000\0');
  put(337, fields.deviceMinor ?? '0000000\0');
  put(345, fields.prefix ?? '');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

export const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

export const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

/** "%d %s=%s\n", the number found by trying. */
export function paxRecord(keyword: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([
    Buffer.from(` ${keyword}=`, 'latin1'),
    Buffer.from(value as string, 'latin1'),
    Buffer.from('\n'),
  ]);
  for (let length = rest.length; ; length++) {
    if (String(length).length + rest.length === length) return Buffer.concat([Buffer.from(String(length)), rest]);
  }
}

/** An extended header with these records as they are. */
export function extendedHeader(...records: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(records);
  return Buffer.concat([
    headerBlock({ name: 'PaxHeaders/x', typeFlag: 'x', size: octal(bytes.length) }),
    padded(bytes),
  ]);
}

/** A regular file's header and data. */
export function fileMember(name: string, content: string | Buffer, fields: Partial<HandmadeHeader> = {}): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([headerBlock({ name, size: octal(bytes.length), ...fields }), padded(bytes)]);
}

export const endOfArchive = Buffer.alloc(1024);
