import { z } from 'zod';
import { parseEscapedPath } from '#src/base/bytes';

/** One entry of a data set, as a line of `files-<nnnnn>.jsonl` tells it. */
export interface IndexLine {
  /** Absolute path, bytes. */
  readonly path: Buffer;
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device' | 'socket';
  readonly sizeBytes: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  readonly ctime: { readonly seconds: number; readonly nanoseconds: number };
  /** Decimal. */
  readonly inode: string;
  readonly sha256: Buffer | undefined;
  readonly segment: number;
  readonly offset: number;
  readonly fuzzy: boolean;
  readonly hardLink: boolean;
  readonly young: boolean;
}

const stamp = z.string().regex(/^-?\d{1,15}\.\d{9}$/);
const safe = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const schema = z.object({
  path: z.string().startsWith('/'),
  pathBytes: z.string().optional(),
  type: z.enum(['file', 'directory', 'symlink', 'fifo', 'character-device', 'block-device', 'socket']),
  size: safe,
  mtime: stamp,
  ctime: stamp,
  inode: z.string().regex(/^\d{1,20}$/),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  segment: safe.min(1),
  offset: safe,
  fuzzy: z.boolean().optional(),
  hardLink: z.boolean().optional(),
  young: z.boolean().optional(),
});

const parseStamp = (text: string) => {
  const [seconds, nanoseconds] = text.split('.');
  return { seconds: Number(seconds), nanoseconds: Number(nanoseconds) };
};

/** Undefined for a line that is not one of this format: the caller counts and reports it. */
export function parseIndexLine(line: string): IndexLine | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return undefined;
  const {
    path,
    pathBytes,
    size,
    mtime,
    ctime,
    sha256,
    fuzzy = false,
    hardLink = false,
    young = false,
    ...rest
  } = parsed.data;
  return {
    ...rest,
    path: pathBytes === undefined ? parseEscapedPath(path) : Buffer.from(pathBytes, 'base64'),
    sizeBytes: size,
    mtime: parseStamp(mtime),
    ctime: parseStamp(ctime),
    sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'hex'),
    fuzzy,
    hardLink,
    young,
  };
}

const deletion = z.object({ path: z.string().startsWith('/'), pathBytes: z.string().optional() });

/** A line of `deletions.jsonl`: the absolute path that was gone. */
export function parseDeletionLine(line: string): Buffer | undefined {
  try {
    const parsed = deletion.safeParse(JSON.parse(line));
    if (!parsed.success) return undefined;
    const { path, pathBytes } = parsed.data;
    return pathBytes === undefined ? parseEscapedPath(path) : Buffer.from(pathBytes, 'base64');
  } catch {
    return undefined;
  }
}
