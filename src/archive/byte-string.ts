/**
 * Bytes of a path as text with one character (U+0000–U+00FF) a byte. Paths are bytes from the walk on; in this form they are cheap to cut, join and
 * sort (the order of characters is the order of bytes), and no byte is altered. Never shown to anybody.
 */
export type ByteString = string & { readonly __bytes?: never };

const beyondAscii = /[\u0080-\u00ff]/;

export const isAscii = (text: ByteString): boolean => !beyondAscii.test(text);

export const bytesOf = (text: ByteString): Buffer => Buffer.from(text, 'latin1');

// Mostly it is a buffer already, and a view of it would cost as much as its text.
export const byteStringOf = (bytes: Uint8Array): ByteString =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString('latin1');

/** The text that the bytes are the UTF-8 form of; undefined where they are none. */
export function utf8TextOf(text: ByteString): string | undefined {
  if (isAscii(text)) return text;
  const decoded = bytesOf(text).toString('utf8');
  // A replacement character may be a real one; the way back tells.
  return decoded.includes('\ufffd') && Buffer.from(decoded, 'utf8').toString('latin1') !== text ? undefined : decoded;
}

/** `directory/name`; the root directory is `/`. */
export const joinPath = (directory: ByteString, name: ByteString): ByteString =>
  directory === '/' ? `/${name}` : `${directory}/${name}`;

/** Directory and name of an absolute path; the root is directory `/` with the empty name. */
export function splitPath(path: ByteString): { readonly directory: ByteString; readonly name: ByteString } {
  const slash = path.lastIndexOf('/');
  return { directory: slash <= 0 ? '/' : path.slice(0, slash), name: path.slice(slash + 1) };
}
