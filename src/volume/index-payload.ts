import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Xxh64Stream } from '#src/base/xxh64';
import { createZstdCompressor, createZstdDecompressor } from '#src/base/zstd';
import { type DataSetIndexRecord, damaged, encodeIndexRecord, parseIndexRecord } from '#src/volume/index-record';
import {
  encodePlainMember,
  encodeUstarHeader,
  parseUstarHeader,
  tarBlockBytes,
  tarEnd,
  tarPaddingBytes,
} from '#src/volume/ustar-header';

/** What goes into an index tape file. */
export interface IndexContent {
  readonly record: DataSetIndexRecord;
  /** JSON lines of the files whose members end in a segment, one file on disk for each. */
  readonly parts: readonly { readonly segment: number; readonly path: string }[];
  /** JSON lines of the names that the run found gone; undefined where it recorded none. */
  readonly deletionsPath: string | undefined;
  readonly writtenAtSeconds: number;
}

export interface PackedPayload {
  readonly path: string;
  readonly payloadBytes: number;
  readonly payloadXxh64: string;
}

const prefix = (dataSet: string): string => `.grandsire/${dataSet}/index`;
const partName = (dataSet: string, segment: number): string =>
  `${prefix(dataSet)}/files-${String(segment).padStart(5, '0')}.jsonl`;

/** Packs a closed tar of the record, the parts and the deletions, zstd-compressed, into the file at `path`, and syncs it. */
export async function packIndex(content: IndexContent, path: string): Promise<PackedPayload> {
  return packPayload(indexTar(content), path);
}

/** Packs one file on disk (the catalog's backup) the same way. */
export async function packFile(
  name: string,
  source: string,
  writtenAtSeconds: number,
  path: string,
): Promise<PackedPayload> {
  async function* tar(): AsyncGenerator<Buffer> {
    yield* fileMember(name, source, writtenAtSeconds);
    yield tarEnd();
  }
  return packPayload(tar(), path);
}

async function* indexTar({ record, parts, deletionsPath, writtenAtSeconds }: IndexContent): AsyncGenerator<Buffer> {
  yield encodePlainMember(`${prefix(record.dataSet)}/data-set.json`, encodeIndexRecord(record), writtenAtSeconds);
  for (const part of parts) yield* fileMember(partName(record.dataSet, part.segment), part.path, writtenAtSeconds);
  if (deletionsPath !== undefined) {
    yield* fileMember(`${prefix(record.dataSet)}/deletions.jsonl`, deletionsPath, writtenAtSeconds);
  }
  yield tarEnd();
}

async function* fileMember(name: string, source: string, writtenAtSeconds: number): AsyncGenerator<Buffer> {
  const sizeBytes = statSync(source).size;
  yield encodeUstarHeader({ name, sizeBytes, modifiedSeconds: writtenAtSeconds });
  if (sizeBytes > 0) yield* createReadStream(source, { end: sizeBytes - 1, highWaterMark: 1 << 20 });
  yield Buffer.alloc(tarPaddingBytes(sizeBytes));
}

async function packPayload(tar: AsyncGenerator<Buffer>, path: string): Promise<PackedPayload> {
  const hash = new Xxh64Stream();
  let payloadBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      payloadBytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(
    Readable.from(tar, { objectMode: false }),
    createZstdCompressor(),
    count,
    createWriteStream(path, { mode: 0o600 }),
  );
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return { path, payloadBytes, payloadXxh64: hash.digest() };
}

/** What an index tape file holds, in the order in which it is stored; lines come in batches. */
export type IndexEvent =
  | { readonly kind: 'record'; readonly record: DataSetIndexRecord }
  | { readonly kind: 'files'; readonly segment: number; readonly lines: readonly string[] }
  | { readonly kind: 'deletions'; readonly lines: readonly string[] };

const linesAtOnce = 5000;
/** The longest line: a name of 4,096 bytes escaped, twice, and its facts. */
const maxLineBytes = 64 * 1024;
const maxRecordBytes = 256 * 1024 * 1024;

/** Reads an index payload (as on the medium, compressed). Bounded memory whatever the bytes are; throws `volume.damaged-tape-file`. */
export async function* readIndex(payload: AsyncIterable<Buffer>, what: string): AsyncGenerator<IndexEvent> {
  const bytes = new ByteCursor(decompress(payload, what));
  for (;;) {
    const block = await bytes.take(tarBlockBytes);
    if (!block) throw damaged(what, 'the index ends before its archive does');
    if (block.every((byte) => byte === 0)) return;
    const header = parseUstarHeader(block);
    if (!header) throw damaged(what, 'a tar header of the index cannot be understood');
    yield* readMember(bytes, header.name, header.sizeBytes, what);
    if ((await bytes.take(tarPaddingBytes(header.sizeBytes))) === undefined) throw damaged(what, 'the index is cut');
  }
}

async function* readMember(
  bytes: ByteCursor,
  name: string,
  sizeBytes: number,
  what: string,
): AsyncGenerator<IndexEvent> {
  const leaf = name.slice(name.lastIndexOf('/') + 1);
  if (leaf === 'data-set.json') {
    const data = sizeBytes <= maxRecordBytes ? await bytes.take(sizeBytes) : undefined;
    if (!data) throw damaged(what, 'data-set.json is cut, or too long');
    yield { kind: 'record', record: parseIndexRecord(data, what) };
    return;
  }
  const part = /^files-(\d{5,10})\.jsonl$/.exec(leaf);
  // Also a part without lines says that the segment is listed.
  if (part) yield { kind: 'files', segment: Number(part[1]), lines: [] };
  for await (const lines of readLines(bytes, sizeBytes, what)) {
    if (part) yield { kind: 'files', segment: Number(part[1]), lines };
    else if (leaf === 'deletions.jsonl') yield { kind: 'deletions', lines };
  }
}

async function* readLines(bytes: ByteCursor, sizeBytes: number, what: string): AsyncGenerator<string[]> {
  let left = sizeBytes;
  let rest = Buffer.alloc(0);
  let lines: string[] = [];
  while (left > 0) {
    const chunk = await bytes.some(left);
    if (!chunk) throw damaged(what, 'a list of files is cut');
    left -= chunk.length;
    let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      lines.push(data.toString('utf8', 0, end));
      data = data.subarray(end + 1);
      if (lines.length >= linesAtOnce) {
        yield lines;
        lines = [];
      }
    }
    if (data.length > maxLineBytes) throw damaged(what, `a line of more than ${maxLineBytes} bytes`);
    rest = Buffer.from(data);
  }
  if (rest.length > 0) throw damaged(what, 'the last line of a list of files is cut');
  if (lines.length > 0) yield lines;
}

/** A stream reads ahead, and a drive's blocks come in one buffer that is used again. */
async function* copied(payload: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of payload) yield Buffer.from(chunk);
}

async function* decompress(payload: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  const source = Readable.from(copied(payload), { objectMode: false });
  const decompressor = createZstdDecompressor();
  source.on('error', (error) => decompressor.destroy(error));
  try {
    yield* source.pipe(decompressor) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw cause instanceof Error && 'code' in cause && String(cause.code).includes('.')
      ? cause
      : damaged(what, 'its zstd frame is damaged', cause);
  } finally {
    source.destroy();
  }
}

/** Exact amounts out of chunks of any size. */
class ByteCursor {
  readonly #chunks: AsyncIterator<Buffer>;
  #current: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** As many bytes as there are at hand, 1 to `atMost`; undefined at the end. */
  async some(atMost: number): Promise<Buffer | undefined> {
    while (this.#current.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) return undefined;
      this.#current = next.value;
    }
    const piece = this.#current.subarray(0, atMost);
    this.#current = this.#current.subarray(piece.length);
    return piece;
  }

  /** Exactly `count` bytes; undefined where fewer are left. */
  async take(count: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const piece = await this.some(left);
      if (!piece) return undefined;
      pieces.push(piece);
      left -= piece.length;
    }
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }
}
