/**
 * One JSON document of a result. Counts above 2^53−1 become strings; maps and sets would be silently empty and are errors
 * of the command that returned them.
 */
export function jsonDocument(value: unknown): string {
  const text = JSON.stringify(value, (_, item) => {
    if (typeof item !== 'bigint') return item;
    return item >= -9007199254740991n && item <= 9007199254740991n ? Number(item) : item.toString();
  });
  return `${text ?? 'null'}\n`;
}
