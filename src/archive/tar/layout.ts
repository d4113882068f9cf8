/** Everything in a tar stream stands on multiples of this (POSIX.1-2017, pax, "ustar Interchange Format"). */
export const blockBytes = 512;

/** Offset and length of the fields of a ustar header block (POSIX.1-2017, pax, table "ustar Header Block"). */
export const ustarFields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  typeFlag: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  userName: [265, 32],
  groupName: [297, 32],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [offset: number, length: number]>;

export const typeFlags = {
  file: '0',
  hardLink: '1',
  symlink: '2',
  characterDevice: '3',
  blockDevice: '4',
  directory: '5',
  fifo: '6',
  extendedHeader: 'x',
} as const;

/** Bounds of what is believed of a stream, whose bytes may be anybody's. An encoder keeps to them too. */
export const streamLimits = {
  /** One pax extended header: room for a hundred extended attributes of the largest size. */
  extendedHeaderBytes: 8 * 1024 * 1024,
  /** Regions of data in one sparse file. A file in more pieces is written with some of its holes filled. */
  sparseRegions: 1_000_000,
  /** PATH_MAX of Linux is 4,096, but trees can be deeper. */
  pathBytes: 65_536,
} as const;

/** Bytes that content takes in the stream: up to the next multiple of a block. */
export const paddedBytes = (lengthBytes: number): number => Math.ceil(lengthBytes / blockBytes) * blockBytes;

/** Bytes between the end of content and the next header. */
export const paddingBytes = (lengthBytes: number): number => paddedBytes(lengthBytes) - lengthBytes;
