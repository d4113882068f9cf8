import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { WantedVersion } from '#src/archive/extract/extractor';
import { createPayloadStream, type PayloadSource } from '#src/archive/extract/payload-stream';
import type { PayloadStream } from '#src/archive/tar/payload-stream';
import { type WalkedMember, walkMembers } from '#src/archive/tar/walk-members';
import type { DataSetKey } from '#src/catalog/data-sets';
import { versionFlags } from '#src/catalog/files';

/** Segments of one tar file, cut at the offsets given; `open` until it is disposed of. */
export class TarFile implements Disposable {
  readonly #fd: number;
  readonly sizeBytes: number;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    this.sizeBytes = statSync(path).size;
  }

  stream(cuts: readonly number[] = [], kind: 'positioned' | 'sequential' = 'positioned'): PayloadStream {
    const starts = [0, ...cuts];
    return createPayloadStream(
      starts.map((start, index) => {
        const payloadBytes = (starts[index + 1] ?? this.sizeBytes) - start;
        return kind === 'positioned'
          ? this.#positioned({ segment: index + 1, payloadBytes }, start)
          : this.#sequential({ segment: index + 1, payloadBytes }, start);
      }),
    );
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #positioned(common: { readonly segment: number; readonly payloadBytes: number }, start: number): PayloadSource {
    return {
      ...common,
      readInto: (target, offset) =>
        readSync(this.#fd, target, 0, Math.min(target.length, common.payloadBytes - offset), start + offset),
    };
  }

  #sequential(common: { readonly segment: number; readonly payloadBytes: number }, start: number): PayloadSource {
    const fd = this.#fd;
    return {
      ...common,
      jumpBytes: 4096,
      async *open(offset) {
        // An odd block size, so that headers lie across blocks; the block is reused, as a drive's would be.
        const block = Buffer.alloc(1000);
        for (let at = offset; at < common.payloadBytes; at += block.length) {
          const length = readSync(fd, block, 0, Math.min(block.length, common.payloadBytes - at), start + at);
          yield block.subarray(0, length);
        }
      },
    };
  }
}

/** Segments that are given as bytes. */
export function streamOf(...segments: readonly Buffer[]): PayloadStream {
  return createPayloadStream(
    segments.map((bytes, index) => ({
      segment: index + 1,
      payloadBytes: bytes.length,
      readInto: (target, offset) => bytes.copy(target, 0, offset),
    })),
  );
}

/** What a catalog would know of the members of a stream: one version for each member with content of its own, with all names of it. */
export async function versionsOf(stream: PayloadStream): Promise<WantedVersion[]> {
  const versions = new Map<string, WantedVersion & { names: Uint8Array[] }>();
  for await (const { header, place, sha256 } of walkMembers(stream, { digests: true })) {
    const path = Buffer.concat([Buffer.from('/'), header.path]);
    const target = versions.get(header.linkTarget?.toString('latin1') ?? '');
    if (header.type === 'hard-link') {
      if (target === undefined) throw new TypeError(`a link to what is not there: ${path.toString('latin1')}`);
      target.names.push(path);
    } else {
      const names: Uint8Array[] = [];
      versions.set(header.path.toString('latin1'), { ...versionOf({ header, place, sha256 }), names });
    }
  }
  return [...versions.values()];
}

export function versionOf({ header, place, sha256 }: WalkedMember): WantedVersion {
  if (header.type === 'hard-link') throw new TypeError('a link has no version of its own');
  return {
    path: Buffer.concat([Buffer.from('/'), header.path]),
    dataSet: 1 as DataSetKey,
    type: header.type,
    sizeBytes: header.sizeBytes,
    mtime: header.mtime,
    sha256,
    flags: 0,
    ...place,
  };
}

/** The same content asked for under one of its further names. */
export const furtherName = (version: WantedVersion, path: Uint8Array): WantedVersion => ({
  ...version,
  path,
  names: [],
  flags: version.flags | versionFlags.hardLink,
});
