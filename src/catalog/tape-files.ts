import type { DataSetKey } from '#src/catalog/data-sets';
import type { VolumeKey } from '#src/catalog/volumes';

export type TapeFileKind = 'label' | 'segment' | 'index' | 'catalog' | 'void';

/** `open`: the journal says that it is being written. `written`: synchronised, position read back. `void`: given up, to be skipped. */
export type TapeFileState = 'open' | 'written' | 'void';

export interface TapeFileRecord {
  readonly volume: VolumeKey;
  /** From 0 (the label). */
  readonly fileNumber: number;
  readonly kind: TapeFileKind;
  readonly state: TapeFileState;
  /** SSC logical object number of its descriptor block (filemarks count). */
  readonly block: number;
  /** Blocks without the filemark; 0 while open. */
  readonly blocks: number;
  readonly payloadBytes: number;
  readonly dataSet: DataSetKey | undefined;
  /** Segment number, for `segment`. */
  readonly number: number | undefined;
}

/** A copy of a segment that an index tells of, on a volume that this catalog never read: its cartridge may hold something else by now. */
export interface UnreadCopy {
  readonly dataSet: DataSetKey;
  /** Of the segment. */
  readonly number: number;
  /** UUID. */
  readonly volume: string;
  readonly barcode: string;
  readonly fileNumber: number;
  readonly block: number;
  readonly blocks: number;
}

/** What is on the volumes, tape file by tape file; the copies of segments. */
export interface TapeFileRepository {
  /** Journal: written before the first block of a tape file goes to the drive. Replaces an open or void one of the same number. */
  begin(file: Omit<TapeFileRecord, 'state' | 'blocks'>): Promise<void>;
  /** The commit. Marks the segment written too, and adds to the cartridge's used bytes. */
  written(
    volume: VolumeKey,
    fileNumber: number,
    size: { readonly blocks: number; readonly payloadBytes: number },
  ): Promise<void>;
  /** The tape file was given up and stands void on the medium (`keep`), or the place will be written over (`forget`). */
  giveUp(volume: VolumeKey, fileNumber: number, how: 'keep' | 'forget'): Promise<void>;
  /** In order of file number. */
  ofVolume(volume: VolumeKey): Promise<readonly TapeFileRecord[]>;
  /** Written copies of one segment on live volumes. */
  copies(dataSet: DataSetKey, segment: number): Promise<readonly TapeFileRecord[]>;
  /** All written copies of a data set's segments on live volumes, in order of segment. */
  copiesOf(dataSet: DataSetKey): Promise<readonly TapeFileRecord[]>;
  /** Everything of a data set on live volumes, of every kind and state, by volume and file number. */
  ofDataSet(dataSet: DataSetKey): Promise<readonly TapeFileRecord[]>;
  /** Adopts what an index or a descriptor on a medium tells (`catalog rebuild`). */
  adopt(file: TapeFileRecord): Promise<void>;
  /** Remembers what an index tells of volumes, read or not. */
  noteUnread(copies: readonly UnreadCopy[]): Promise<void>;
  /**
   * Those of a data set that may still be there: the catalog never knew their volume, and knows of no other content of their cartridge. In order of segment. They are no
   * live copies: nothing relies on them until they are read.
   */
  unreadOf(dataSet: DataSetKey): Promise<readonly UnreadCopy[]>;
}
