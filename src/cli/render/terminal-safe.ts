/**
 * Text that a terminal can do nothing with but show it: control characters, and those that reverse the direction of writing,
 * become `\xHH` or `\u{H}`. Barcodes, vendor names and file names come from outside, and a terminal obeys what is in them.
 */
export function terminalSafe(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      const code = character.codePointAt(0) ?? 0;
      const hex = code.toString(16).toUpperCase();
      return code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
    },
  );
}
