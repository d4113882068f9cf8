import type { ByteString } from '#src/archive/byte-string';
import type { LinkedContent } from '#src/archive/link-table';
import { closingBytes, type MemberPlace, type PackMember } from '#src/archive/segment-placer';
import { type PreparedHeader, paddedBytes, putMemberHeader, tarBlockBytes } from '#src/archive/tar-header';
import type { VersionInfo } from '#src/archive/version-rows';
import type { ErrorCode } from '#src/base/error-codes';

export interface ArchiveWarning {
  /** Absolute path, bytes. */
  readonly path: Uint8Array;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Memory that a pack is built in. */
export interface PackArea {
  readonly index: number;
  readonly bytes: Buffer;
}

/** An inode with several names, whose first has been archived. */
export interface LinkCandidate {
  readonly fileSystem: string;
  readonly inode: string;
  readonly content: LinkedContent;
}

export interface Pack {
  readonly task: number;
  readonly isLastOfTask: boolean;
  readonly area: PackArea | undefined;
  readonly members: readonly PackMember[];
  /** Of the members that end in this pack. */
  readonly versions: readonly VersionInfo[];
  readonly links: readonly LinkCandidate[];
  readonly warnings: readonly ArchiveWarning[];
}

/** Where packs go. */
export interface PackOutlet {
  /** The next area; waits until one is free. Areas are submitted in the order in which they were acquired. */
  acquire(): PackArea;
  submit(pack: Pack): void;
  /** Returns when everything before the task, and all packs that were submitted, have their places. */
  settle(task: number): void;
}

interface OpenPack {
  readonly members: PackMember[];
  readonly versions: VersionInfo[];
  readonly links: LinkCandidate[];
  readonly warnings: ArchiveWarning[];
}

const emptyPack = (): OpenPack => ({ members: [], versions: [], links: [], warnings: [] });

/** Puts members one behind the other into packs; a member that does not fit into one goes on in the next. */
export class PackBuilder {
  readonly #outlet: PackOutlet;
  #task = 0;
  #area: PackArea | undefined;
  #used = 0;
  #pack: OpenPack = emptyPack();
  /** Bytes of the open member's data so far. */
  #dataBytes = 0;

  constructor(outlet: PackOutlet) {
    this.#outlet = outlet;
  }

  beginTask(task: number): void {
    this.#task = task;
  }

  endTask(): void {
    this.#submit(true);
  }

  warn(warning: ArchiveWarning): void {
    this.#pack.warnings.push(warning);
  }

  addLink(link: LinkCandidate): void {
    this.#pack.links.push(link);
  }

  /** What the open pack itself holds of an inode; earlier packs are in the table once `settle` has returned. */
  findLink(fileSystem: string, inode: string): LinkedContent | undefined {
    return this.#pack.links.find((link) => link.inode === inode && link.fileSystem === fileSystem)?.content;
  }

  settle(): void {
    this.#outlet.settle(this.#task);
  }

  /** Writes the headers of a member; its data follows by `window` and `advance`. A member that fits into one pack is never split. */
  begin(path: ByteString, header: PreparedHeader): MemberPlace {
    const totalBytes = header.lengthBytes + paddedBytes(header.member.sizeBytes);
    const area = this.#ensureArea();
    const left = area.bytes.length - this.#used;
    const mustFlush = totalBytes <= area.bytes.length ? totalBytes > left : header.lengthBytes + tarBlockBytes > left;
    if (mustFlush) this.#submit(false);
    const { bytes } = this.#ensureArea();
    const place: MemberPlace = { segment: 0, offset: 0, endSegment: 0 };
    const start = this.#used;
    this.#used = putMemberHeader(bytes, start, header);
    this.#dataBytes = 0;
    this.#pack.members.push({
      path,
      start,
      length: header.lengthBytes,
      headerBytes: header.lengthBytes,
      totalBytes,
      dataBefore: 0,
      place,
    });
    return place;
  }

  /** Memory for the next data of the open member: `length` bytes, or less where the pack ends; never empty unless `length` is 0. */
  window(length: number): Buffer {
    if (length > 0 && this.#used === this.#ensureArea().bytes.length) this.#continueInNextPack();
    return this.#ensureArea().bytes.subarray(this.#used, this.#used + length);
  }

  advance(length: number): void {
    this.#used += length;
    this.#dataBytes += length;
    const member = this.#pack.members.at(-1);
    if (member) member.length += length;
  }

  /** True while the open member is in this pack alone, so that it can be taken back. */
  get canTakeBack(): boolean {
    return (this.#pack.members.at(-1)?.headerBytes ?? 0) > 0;
  }

  /** Forgets the open member. */
  takeBack(): void {
    const member = this.#pack.members.pop();
    if (member) this.#used = member.start;
  }

  /** Fills up the last block of the open member. */
  end(version: VersionInfo | undefined): void {
    const padding = paddedBytes(this.#dataBytes) - this.#dataBytes;
    if (padding > 0) {
      this.window(padding).fill(0);
      this.advance(padding);
    }
    if (version) this.#pack.versions.push(version);
  }

  /** The two zero blocks that end the stream. */
  close(): void {
    if (this.#ensureArea().bytes.length - this.#used < closingBytes) this.#submit(false);
    const start = this.#used;
    const place: MemberPlace = { segment: 0, offset: 0, endSegment: 0 };
    this.#ensureArea().bytes.fill(0, start, start + closingBytes);
    this.#used += closingBytes;
    const lengths = { length: closingBytes, headerBytes: 0, totalBytes: closingBytes, dataBefore: 0 };
    this.#pack.members.push({ path: '/', start, ...lengths, place, isClosing: true });
  }

  #ensureArea(): PackArea {
    this.#area ??= this.#outlet.acquire();
    return this.#area;
  }

  #continueInNextPack(): void {
    const member = this.#pack.members.at(-1);
    this.#submit(false);
    if (member) {
      const dataBefore = this.#dataBytes;
      this.#pack.members.push({ ...member, start: 0, length: 0, headerBytes: 0, dataBefore });
    }
  }

  #submit(isLastOfTask: boolean): void {
    const isUsed = this.#used > 0;
    const area = isUsed ? this.#area : undefined;
    const pack: Pack = { task: this.#task, isLastOfTask, area, ...this.#pack };
    // An area without content is kept for the next pack: areas are given back in the order in which they were taken.
    if (isUsed) this.#area = undefined;
    this.#used = 0;
    this.#pack = emptyPack();
    this.#outlet.submit(pack);
  }
}
