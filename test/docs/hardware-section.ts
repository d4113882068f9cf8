import { renderTgtDifferences } from '#test/tgt/tgt-differences';

/** `docs/hardware.md` with the section of differences, which stands at its end, as it is to be. */
export function withTgtDifferences(page: string): string {
  const section = renderTgtDifferences();
  const title = section.slice(0, section.indexOf('\n'));
  const before = page.split(`\n${title}\n`)[0] ?? page;
  return `${before.trimEnd()}\n\n${section}`;
}
