import type { ElementAddress } from '#src/scsi/element-address';
import type { ElementType } from '#src/scsi/read-element-status';

/** A volume tag (SMC-3, volume tag information): 36 bytes. */
export interface VolumeTag {
  /** Up to 32 characters, trimmed; empty where the device sent spaces or zeros. */
  readonly identifier: string;
  readonly sequence: number;
}

/** What DVCID adds: a designator (SPC-5) of the drive in the element. */
export interface ElementDeviceIdentifier {
  /** 1 binary, 2 ASCII, 3 UTF-8. */
  readonly codeSet: number;
  /** 0 vendor-specific (often the serial number), 1 T10 vendor identification, 3 NAA, … */
  readonly type: number;
  readonly bytes: Uint8Array;
  /** The identifier as text where the code set is ASCII or UTF-8, trimmed. */
  readonly text?: string;
}

/** An element as READ ELEMENT STATUS reports it (SMC-3, element status descriptors). */
export interface ElementStatus {
  readonly type: ElementType;
  readonly address: ElementAddress;
  readonly full: boolean;
  /** EXCEPT: something is wrong with the element; `asc` and `ascq` say what, where they are not zero. */
  readonly exception: boolean;
  readonly asc: number;
  readonly ascq: number;
  /** ACCESS: the transport can reach it. Always true for transport elements, which do not report it. */
  readonly accessible: boolean;
  /** Import/export elements only. IMPEXP: an operator put the medium there, not the transport. */
  readonly placedByOperator?: boolean;
  /** Import/export elements only. EXENAB: the element can give media out. */
  readonly exportEnabled?: boolean;
  /** Import/export elements only. INENAB: the element can take media in. */
  readonly importEnabled?: boolean;
  /** Drives only, where the device tells (LU VALID, ID VALID; obsolete since SMC-2). */
  readonly busAddress?: { readonly lun?: number; readonly scsiId?: number };
  /** Present where SVALID is set: the storage element from which the medium came last. */
  readonly source?: ElementAddress;
  /** INVERT, meaningful with `source`. */
  readonly inverted?: boolean;
  /** ED: the element is disabled. */
  readonly disabled?: boolean;
  /** 0 unspecified, 1 data, 2 cleaning, 3 diagnostics, 4 WORM, 5 microcode image (SMC-3, MEDIUM TYPE). */
  readonly mediumType?: number;
  readonly primaryVolumeTag?: VolumeTag;
  readonly alternateVolumeTag?: VolumeTag;
  readonly deviceIdentifier?: ElementDeviceIdentifier;
  /** Bytes that the page's flags announce are missing from this descriptor; what is there was kept. */
  readonly truncated?: true;
}

/** Bytes of the common part of an element descriptor, of a volume tag, and of the head of a device identifier. */
export const elementLayout = { headerBytes: 8, commonBytes: 12, volumeTagBytes: 36, identifierHeaderBytes: 4 } as const;
