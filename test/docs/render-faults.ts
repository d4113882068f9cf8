import { chapters } from '#test/faults/chapters';
import type { Chapter, Scenario } from '#test/faults/scenario';

/** `docs/faults.md`: every scenario of `test/faults`, as it is tested. */
export function renderFaults(): string {
  const count = chapters.reduce((sum, { scenarios }) => sum + scenarios.length, 0);
  return `# What goes wrong, and what happens then

<!-- Written by \`npm run docs\` from the scenarios in test/faults; edit those. -->

${count} things that go wrong in the field. Each is made to happen by a test of the same name, which asserts the outcome and that the
messages are said in these words (\`…\` stands for what varies). In all of them but one: nothing that was reported staged or written is lost, nothing
protected is overwritten, nothing is tried for ever, and the message says what happened and what to do.

The one: another program that rewinds a tape between two blocks that are sent together (four blocks; on a drive that does not know
its place, between two commits). Nobody can see that in time; what is then written over is found out before anything is reported written, but it is gone. Keep other
programs away from the drives.

${chapters.map(chapterSection).join('\n')}`;
}

function chapterSection({ title, introduction, scenarios }: Chapter): string {
  return `## ${title}\n\n${introduction}\n\n${scenarios.map(scenarioSection).join('\n')}`;
}

function scenarioSection({ name, injected, outcome, places = [], messages }: Scenario): string {
  const lines = [`### ${capital(name)}\n`, `*Injected*: ${injected}\n`, `*Outcome*: ${outcome}\n`];
  if (places.length > 0)
    lines.push('| where | what happens |', '|---|---|', ...places.map((row) => `| ${row.join(' | ')} |`), '');
  const said = messages.map((message) => `> ${message.replaceAll('\n', '\n> ')}\n`);
  return [...lines, ...said].join('\n');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
