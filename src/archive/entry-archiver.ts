import { type ByteString, bytesOf, joinPath } from '#src/archive/byte-string';
import { ContentReader } from '#src/archive/content-reader';
import { attributeRecords } from '#src/archive/entry-attributes';
import { codeOf, type Entry, EntryWarnings } from '#src/archive/entry-warnings';
import type { FileOperations } from '#src/archive/file-operations';
import { youthOf } from '#src/archive/file-stamps';
import { emptyFileStat, type FileStat } from '#src/archive/file-stat';
import type { LinkedContent } from '#src/archive/link-table';
import type { PackBuilder } from '#src/archive/pack-builder';
import { type DataRegion, encodeSparseMap, findRegions, sparseHeader } from '#src/archive/sparse-map';
import {
  type PaxRecord,
  type PreparedHeader,
  prepareHeader,
  type TarMember,
  type TypeFlag,
  typeFlags,
} from '#src/archive/tar-header';
import type { VersionInfo } from '#src/archive/version-rows';
import { escapePath } from '#src/base/bytes';
import type { Clock } from '#src/base/clock';
import { versionFlags } from '#src/catalog/files';

export interface EntryArchiverOptions {
  readonly files: FileOperations;
  readonly builder: PackBuilder;
  /** What was archived earlier of inodes with several names; asked only after `builder.settle()`. */
  readonly findLink: (fileSystem: string, inode: string) => LinkedContent | undefined;
  /** The clock that stamps files. */
  readonly clock: Clock;
  /** The longest header that a segment takes. */
  readonly mostHeaderBytes: number;
}

/** The path of a member: without the first slash, directories with one at the end. */
function memberPath(path: ByteString, isDirectory: boolean): ByteString {
  if (path === '/') return './';
  return isDirectory ? `${path.slice(1)}/` : path.slice(1);
}

/** Turns entries of the file system into members. Failures become warnings; nothing that a file does while it is read damages the stream. */
export class EntryArchiver {
  readonly #options: EntryArchiverOptions;
  readonly #warnings: EntryWarnings;
  readonly #stat: FileStat = emptyFileStat();
  readonly #after: FileStat = emptyFileStat();

  constructor(options: EntryArchiverOptions) {
    this.#options = options;
    this.#warnings = new EntryWarnings(options.builder);
  }

  /** @param isFile what the directory said of it: a guess that saves a system call */
  archive(directory: ByteString, name: ByteString, isFile: boolean): void {
    const entry: Entry = { directory, name, path: name === '' ? directory : joinPath(directory, name) };
    try {
      if (!(isFile && this.#openAndArchive(entry))) this.#archiveByPath(entry);
    } catch (error) {
      this.#warnings.failed(entry, error);
    }
  }

  /** The member of a directory once more, for its times and mode after all that lies in it. */
  repeatDirectory(path: ByteString): void {
    const { files, builder } = this.#options;
    try {
      files.lstat(path, this.#stat);
      if (this.#stat.type !== 'directory') return;
      const member = this.#member(memberPath(path, true), typeFlags.directory, 0);
      builder.begin(path, this.#prepare(path, { ...member, records: attributeRecords(files, path) }));
      builder.end(undefined);
    } catch (error) {
      this.#warnings.failed({ directory: path, name: '', path }, error);
    }
  }

  /** False where the name is no regular file (any more). */
  #openAndArchive(entry: Entry): boolean {
    const { files, clock } = this.#options;
    let fd: number;
    try {
      fd = files.open(entry.path);
    } catch (error) {
      // A symbolic link, a socket or a device without a driver took the name since the directory was read.
      if (['ELOOP', 'ENXIO', 'ENODEV'].includes(codeOf(error))) return false;
      throw error;
    }
    try {
      const readAt = clock.now();
      files.fstat(fd, this.#stat);
      if (this.#stat.type !== 'file') return false;
      const youth = youthOf(this.#stat, readAt);
      if (this.#stat.links > 1 && this.#archiveLink(entry, youth)) return true;
      this.#archiveContent(entry, fd, youth);
      return true;
    } finally {
      files.close(fd);
    }
  }

  #archiveContent(entry: Entry, fd: number, youth: number): void {
    const { files, builder } = this.#options;
    const stat = this.#stat;
    const size = stat.sizeBytes;
    const regions = findRegions(files, fd, stat);
    const map = regions && encodeSparseMap(regions, size);
    const stored = regions && map ? map.length + regions.reduce((sum, { length }) => sum + length, 0) : size;
    const header = this.#fileHeader(entry, { fd, stored, isSparse: map !== undefined });
    const place = builder.begin(entry.path, header);
    const reader = new ContentReader(files, builder, fd);
    if (regions && map) this.#copySparse(reader, map, regions);
    else reader.copyWhole(size);
    if (reader.failure !== undefined && builder.canTakeBack) {
      builder.takeBack();
      throw reader.failure;
    }
    files.fstat(fd, this.#after);
    const flags = this.#warnings.judgeReading(entry, reader, { before: stat, after: this.#after }) | youth;
    const { sizeBytes } = stat;
    const content = { sizeBytes, linkTarget: '', sha256: reader.digest(), place, memberPlace: place };
    const version = this.#version(entry, flags, content);
    builder.end(version);
    this.#remember(version, entry.path);
  }

  #fileHeader(
    { path }: Entry,
    { fd, stored, isSparse }: { readonly fd: number; readonly stored: number; readonly isSparse: boolean },
  ): PreparedHeader {
    const name = memberPath(path, false);
    const attributes = attributeRecords(this.#options.files, fd);
    if (!isSparse) return this.#prepare(path, this.#member(name, typeFlags.file, stored, attributes));
    const sparse = sparseHeader(name, this.#stat.sizeBytes);
    const records = [...sparse.records, ...attributes];
    return this.#prepare(path, this.#member(sparse.path, typeFlags.file, stored, records));
  }

  #copySparse(reader: ContentReader, map: Buffer, regions: readonly DataRegion[]): void {
    const { builder } = this.#options;
    for (let done = 0; done < map.length; ) {
      const window = builder.window(map.length - done);
      map.copy(window, 0, done);
      builder.advance(window.length);
      done += window.length;
    }
    let position = 0;
    for (const { offset, length } of regions) {
      reader.skipHole(offset - position);
      reader.copy(offset, length);
      position = offset + length;
    }
    reader.skipHole(this.#stat.sizeBytes - position);
  }

  #archiveByPath(entry: Entry): void {
    const { files, builder, clock } = this.#options;
    const stat = this.#stat;
    // Before anything is read: room for the member may be long in coming, and what changes meanwhile must not count as older than what was read.
    const readAt = clock.now();
    files.lstat(entry.path, stat);
    const { type } = stat;
    const shown = escapePath(bytesOf(entry.path));
    if (type === 'file') {
      if (!this.#openAndArchive(entry))
        this.#warnings.warn(entry, 'file.vanished', `${shown} was replaced while it was opened`);
      return;
    }
    if (type === 'socket') {
      this.#warnings.warn(
        entry,
        'file.socket',
        `${shown} is a socket; archives cannot hold sockets, and programs make them anew`,
      );
      return;
    }
    const youth = youthOf(stat, readAt);
    if (type !== 'directory' && stat.links > 1 && this.#archiveLink(entry, youth)) return;
    const linkTarget = type === 'symlink' ? files.readLink(entry.path) : '';
    const records = attributeRecords(files, entry.path);
    const base = this.#member(memberPath(entry.path, type === 'directory'), typeFlags[type], 0);
    const place = builder.begin(entry.path, this.#prepare(entry.path, { ...base, linkTarget, records }));
    const content = { sizeBytes: 0, linkTarget, sha256: undefined, place, memberPlace: place };
    const version = this.#version(entry, youth, content);
    builder.end(version);
    if (type !== 'directory') this.#remember(version, entry.path);
  }

  /** A further name of an inode becomes a link to its first; false where this is the first. */
  #archiveLink(entry: Entry, youth: number): boolean {
    const { builder, findLink } = this.#options;
    const { type, fileSystem, inode } = this.#stat;
    builder.settle();
    const known = builder.findLink(fileSystem, inode) ?? findLink(fileSystem, inode);
    // An inode of another type is another one, which took the number of one that is gone.
    if (known?.type !== type) return false;
    const member = this.#member(memberPath(entry.path, false), typeFlags.hardLink, 0);
    const header = this.#prepare(entry.path, { ...member, linkTarget: memberPath(known.path, false) });
    const memberPlace = builder.begin(entry.path, header);
    const { sizeBytes, sha256, place } = known;
    const content = { sizeBytes, linkTarget: '', sha256, place, memberPlace };
    const flags = known.flags | versionFlags.hardLink | youth | this.#warnings.judgeLink(entry, known, this.#stat);
    builder.end(this.#version(entry, flags, content));
    return true;
  }

  #remember(version: VersionInfo, path: ByteString): void {
    const { links, fileSystem, inode } = this.#stat;
    if (links <= 1) return;
    this.#options.builder.addLink({ fileSystem, inode, content: { ...version, path } });
  }

  #member(path: ByteString, type: TypeFlag, sizeBytes: number, records = noRecords): TarMember {
    const { mode, uid, gid, mtimeSeconds, mtimeNanoseconds, deviceMajor, deviceMinor } = this.#stat;
    // One literal: an object for each file is made here, and copies of it would be most of the garbage.
    return {
      path,
      type,
      mode,
      uid,
      gid,
      sizeBytes,
      mtimeSeconds,
      mtimeNanoseconds,
      linkTarget: '',
      deviceMajor,
      deviceMinor,
      records,
    };
  }

  /** Attributes that no segment has room for are left out, and said to be. */
  #prepare(path: ByteString, member: TarMember): PreparedHeader {
    const prepared = prepareHeader(member);
    if (prepared.lengthBytes <= this.#options.mostHeaderBytes) return prepared;
    const message = `the extended attributes of ${escapePath(bytesOf(path))} are too long to be archived`;
    this.#options.builder.warn({ path: bytesOf(path), code: 'file.attributes-too-long', message });
    return prepareHeader({ ...member, records: member.records.filter(({ keyword }) => keyword.startsWith('GNU.')) });
  }

  #version(
    entry: Entry,
    flags: number,
    content: Pick<VersionInfo, 'sizeBytes' | 'linkTarget' | 'sha256' | 'place' | 'memberPlace'>,
  ): VersionInfo {
    const stat = this.#stat;
    return {
      directory: entry.directory,
      name: entry.name,
      type: stat.type,
      mode: stat.mode,
      uid: stat.uid,
      gid: stat.gid,
      sizeBytes: content.sizeBytes,
      mtimeSeconds: stat.mtimeSeconds,
      mtimeNanoseconds: stat.mtimeNanoseconds,
      ctimeSeconds: stat.ctimeSeconds,
      ctimeNanoseconds: stat.ctimeNanoseconds,
      inode: stat.inode,
      linkTarget: content.linkTarget,
      sha256: content.sha256,
      flags,
      place: content.place,
      memberPlace: content.memberPlace,
    };
  }
}

const noRecords: readonly PaxRecord[] = [];
