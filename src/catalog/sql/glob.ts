import { asBuffer, isUtf8Text } from '#src/base/bytes';

/**
 * Bytes as text that regular expressions can work on: UTF-8 as what it says, bytes that are not UTF-8 one by one as lone surrogates U+DC80–U+DCFF, so
 * that `?` is one of them and nothing else is equal to them.
 */
function matchableText(bytes: Uint8Array): string {
  if (isUtf8Text(bytes)) return asBuffer(bytes).toString('utf8');
  let text = '';
  for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : String.fromCharCode(0xdc00 + byte);
  return text;
}

export interface Glob {
  /** Whether the whole path matches. */
  readonly matches: (path: Uint8Array) => boolean;
  /** Whether anything in a directory can match: false rules it out, true does not promise. */
  readonly directoryMayMatch: (directory: Uint8Array) => boolean;
  /** All matches lie in or below this directory. */
  readonly below: Buffer;
  /** What every matching name contains; empty where nothing can be said. */
  readonly nameContains: Buffer;
}

/**
 * A glob over whole paths: `*` any characters but `/`, `**` any characters (as a whole component it may also stand for none), `?` one character but `/`,
 * `[a-z]` `[!a-z]` one of a set; `\` takes the next character literally, `\xHH` is a byte that is not UTF-8. Case counts.
 */
export function compileGlob(pattern: string): Glob {
  const tokens = tokenize(pattern);
  const whole = new RegExp(`^${source(tokens)}$`, 'su');
  const lastSlash = tokens.findLastIndex((token) => token.kind === 'literal' && token.text === '/');
  const nameTokens = tokens.slice(lastSlash + 1);
  const nameIsApart = lastSlash >= 0 && nameTokens.every((token) => token.kind !== 'any-depth');
  const directories = nameIsApart ? new RegExp(`^${source(tokens.slice(0, lastSlash), true)}$`, 'su') : undefined;
  return {
    matches: (path) => whole.test(matchableText(path)),
    directoryMayMatch: (directory) =>
      directories === undefined || directories.test(directory.length === 1 ? '' : matchableText(directory)),
    below: literalDirectory(tokens),
    nameContains: nameIsApart ? longestLiteral(nameTokens) : Buffer.alloc(0),
  };
}

type Token =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'any' | 'any-depth' | 'one' }
  | { readonly kind: 'set'; readonly source: string };

function tokenize(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  let rest = pattern;
  while (rest.length > 0) {
    const [token, length] = nextToken(rest);
    tokens.push(token);
    rest = rest.slice(length);
  }
  return tokens;
}

function nextToken(rest: string): readonly [Token, number] {
  const stars = /^\*+/.exec(rest)?.[0].length ?? 0;
  if (stars > 0) return [{ kind: stars === 1 ? 'any' : 'any-depth' }, stars];
  if (rest.startsWith('?')) return [{ kind: 'one' }, 1];
  const set = /^\[([!^]?)(\]?[^\]/]*)\]/su.exec(rest);
  if (set?.[2]) return [{ kind: 'set', source: setSource(set[1] !== '', set[2]) }, set[0].length];
  const byte = /^\\x([0-9a-f]{2})/i.exec(rest);
  if (byte?.[1]) {
    const value = Number.parseInt(byte[1], 16);
    return [{ kind: 'literal', text: String.fromCharCode(value < 0x80 ? value : 0xdc00 + value) }, 4];
  }
  const escaped = rest.startsWith('\\') && rest.length > 1;
  const character = String.fromCodePoint(rest.codePointAt(escaped ? 1 : 0) ?? 0);
  return [{ kind: 'literal', text: character }, character.length + (escaped ? 1 : 0)];
}

/** Ranges that run backwards match nothing, as in the shell; a regular expression would not compile. */
function setSource(negated: boolean, members: string): string {
  const characters = [...members];
  let body = '';
  for (let at = 0; at < characters.length; ) {
    const from = characters[at] as string;
    const to = characters[at + 1] === '-' ? characters[at + 2] : undefined;
    if (to === undefined) body += escapeInSet(from);
    else if ((from.codePointAt(0) ?? 0) <= (to.codePointAt(0) ?? 0)) body += `${escapeInSet(from)}-${escapeInSet(to)}`;
    at += to === undefined ? 1 : 3;
  }
  if (negated) return `[^/${body}]`;
  return body === '' ? '[]' : `(?!/)[${body}]`;
}

const escapeInSet = (character: string): string => character.replace(/[\\\][^-]/u, '\\$&');
const escapeLiteral = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');

/** `directories`: `**` as the last component also stands for no component, because a name behind it may lie in the directory before it. */
function source(tokens: readonly Token[], directories = false): string {
  let out = '';
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    const afterSlash = before?.kind === 'literal' && before.text === '/';
    if (token.kind === 'any-depth' && afterSlash && after?.kind === 'literal' && after.text === '/') {
      // The slash after it belongs to what may be missing.
      out += '(?:.*\\/)?';
    } else if (token.kind === 'any-depth' && afterSlash && directories && after === undefined) {
      out = `${out.slice(0, -2)}(?:\\/.*)?`;
    } else if (isSlashOfAnyDepth(tokens, at)) {
    } else {
      out += tokenSource(token);
    }
  }
  return out;
}

function isSlashOfAnyDepth(tokens: readonly Token[], at: number): boolean {
  const isSlash = (token: Token | undefined) => token?.kind === 'literal' && token.text === '/';
  return isSlash(tokens[at]) && tokens[at - 1]?.kind === 'any-depth' && isSlash(tokens[at - 2]);
}

function tokenSource(token: Token): string {
  switch (token.kind) {
    case 'literal':
      return escapeLiteral(token.text);
    case 'any':
      return '[^/]*';
    case 'any-depth':
      return '.*';
    case 'one':
      return '[^/]';
    case 'set':
      return token.source;
  }
}

const literalText = (token: Token): string | undefined => (token.kind === 'literal' ? token.text : undefined);

function literalDirectory(tokens: readonly Token[]): Buffer {
  const end = tokens.findIndex((token) => token.kind !== 'literal');
  const text = tokens
    .slice(0, end < 0 ? tokens.length : end)
    .map(literalText)
    .join('');
  return literalBytes(text.startsWith('/') ? text.slice(0, text.lastIndexOf('/')) || '/' : '/');
}

function longestLiteral(tokens: readonly Token[]): Buffer {
  const runs = tokens
    .map((token) => literalText(token) ?? '/')
    .join('')
    .split('/');
  return literalBytes(runs.reduce((best, run) => (run.length > best.length ? run : best), ''));
}

/** The inverse of `matchableText`. */
function literalBytes(text: string): Buffer {
  const parts = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}
