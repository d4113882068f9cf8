import assert from 'node:assert/strict';
import { additionalSenseCode, additionalSenseText } from '#src/scsi/additional-sense';
import type { SenseFields } from '#src/scsi/sense';
import type { SenseKey } from '#src/scsi/sense-key';
import {
  type CommandSurroundings,
  type DriveSite,
  protectedCartridge,
  type Ran,
  sharedTemplate,
} from '#test/faults/drive/drive-site';
import { flush, type PhaseName, phases, relabel, restore } from '#test/faults/drive/phases';
import type { Scenario } from '#test/faults/scenario';
import type { FaultAction } from '#test/support/faulty-transport';

/** What a drive answers in place of what it should. */
export interface Trouble {
  readonly text: string;
  readonly action: FaultAction;
  /** As messages name it: `(3/0C/00)`; undefined where there is no sense data to name. */
  readonly code?: string;
}

/** How a command ended: a word, and the code of what it said. */
export type Ending =
  /** As if nothing had been. */
  | 'done'
  /** Done, after a wait. */
  | 'waits'
  /** Done, without a word: from the label on, what was not done yet. */
  | 'resumes'
  /** Done, without a word: the tape file did not fit, and is on the next cartridge. */
  | 'full'
  /** Done, and told: from the label on, what was not committed is written again on the same cartridge. */
  | 'again'
  /** The drive is out of use, and everything is done in the other one. */
  | 'elsewhere'
  /** The drive is out of use, and there is no other: of a run, and of a command about one cartridge. */
  | 'down'
  | 'out'
  | `${'again' | 'told' | 'next' | 'ends' | 'waits' | 'proves' | 'refuses' | 'names' | 'lacks' | 'nothing'} ${string}`;

interface Expected {
  readonly exitCode: number;
  readonly codes: readonly string[];
  /** As the page has it. */
  readonly text: string;
}

const words = {
  done: [0, 'goes on'],
  waits: [0, 'waits, then goes on'],
  resumes: [0, 'begins again from the label, and goes on'],
  full: [0, 'the cartridge is full, and the tape file goes whole to the next one'],
  again: [3, 'what was not committed is written again on the same cartridge'],
  elsewhere: [3, 'the drive is put out of use, and the same is done in the other one'],
  told: [3, 'everything is done, and it is told'],
  next: [3, 'the cartridge is passed over, and the next one written'],
  ends: [1, 'the command ends'],
  proves: [4, 'waits; with the second cartridge the same, so that the drive is put out of use, and there is no other'],
  down: [4, 'the drive is put out of use, and there is no other'],
  out: [4, 'the drive is put out of use, and there is no other'],
  refuses: [6, 'the cartridge is refused'],
  names: [1, 'the tape file is named, and the others are read'],
  nothing: [1, 'every file is named, and none restored'],
  lacks: [3, 'the files that lie there are named, the others restored'],
} as const;

function expectedOf(ending: Ending): Expected {
  const [word, code] = ending.split(' ') as [keyof typeof words, string | undefined];
  const [exitCode, text] = words[word];
  if (word === 'again')
    return { exitCode, codes: [code ?? 'drive.interrupted'], text: `${text} (\`${code ?? 'drive.interrupted'}\`)` };
  if (word === 'elsewhere') return { exitCode, codes: ['drive.down'], text: `${text} (\`drive.down\`)` };
  if (word === 'down') return { exitCode, codes: [noDrive, 'drive.down'], text: `${text} (\`${noDrive}\`)` };
  if (word === 'out') return { exitCode, codes: [noDrive], text: `${text} (\`${noDrive}\`)` };
  if (code === undefined) return { exitCode, codes: [], text };
  if (word === 'proves')
    return { exitCode, codes: [noDrive, code, 'drive.down', code], text: `${text} (\`${noDrive}\`)` };
  // Of each file, and of their directory.
  if (word === 'nothing') return { exitCode, codes: [code, code, code, code], text: `${text} (\`${code}\`)` };
  if (word === 'waits') return { exitCode: 1, codes: [code], text: `waits, then the command ends (\`${code}\`)` };
  return { exitCode, codes: [code], text: `${text} (\`${code}\`)` };
}

const noDrive = 'drive.none-usable';

export const sense = (key: number, asc: number, ascq: number, more: Partial<SenseFields> = {}): Trouble => ({
  text: `${key.toString(16).toUpperCase()}/${additionalSenseCode(asc, ascq)} ${additionalSenseText(asc, ascq)}`,
  code: `(${key.toString(16).toUpperCase()}/${additionalSenseCode(asc, ascq)})`,
  action: { kind: 'check', sense: { ...more, key: key as SenseKey, asc, ascq } },
});

export interface Matrix {
  readonly name: string;
  /** Before the list of troubles. */
  readonly injected: string;
  readonly outcome: string;
  /** The first is looked into more closely; all end in the same way. */
  readonly troubles: readonly Trouble[];
  readonly endings: Partial<Readonly<Record<PhaseName, Ending>>>;
  readonly messages: readonly string[];
  /** How often in a row; once unless told. */
  readonly times?: number;
  /** Of the library; one unless told. It happens in the first. */
  readonly drives?: number;
  readonly surroundings?: Omit<CommandSurroundings, 'faults'>;
  /** The sense data is not in the messages: it was given another meaning. */
  readonly unnamedIn?: readonly PhaseName[];
}

/** It is certainly the drive: out of use with a reason, and nothing is held against a cartridge. */
export const outOfUse: Matrix['endings'] = {
  load: 'down',
  look: 'down',
  append: 'down',
  write: 'down',
  commit: 'down',
  place: 'down',
  unload: 'told drive.down',
  labelWrite: 'out',
  labelCommit: 'out',
  labelRewind: 'out',
  labelRead: 'out',
  reach: 'out',
  read: 'out',
};

/** One scenario of the page: the same kind of trouble in every phase. */
export function matrixScenario(matrix: Matrix): Scenario {
  const { name, injected, outcome, troubles, endings, messages } = matrix;
  const rows = Object.entries(endings) as [PhaseName, Ending][];
  return {
    name,
    injected: `${injected} ${troubles.map(({ text }) => text).join('; ')}.`,
    outcome,
    places: rows.map(([phase, ending]) => [phases[phase].text, expectedOf(ending).text]),
    messages,
    run: async () => {
      const said: string[] = [];
      for (const [index, trouble] of troubles.entries()) {
        for (const [phase, ending] of rows) {
          using site = (await sharedTemplate(matrix.drives)).copy();
          said.push(...(await tryOnce(site, { matrix, trouble, phase, ending, thorough: index === 0 })));
        }
      }
      return said;
    },
  };
}

interface Trial {
  readonly matrix: Matrix;
  readonly trouble: Trouble;
  readonly phase: PhaseName;
  readonly ending: Ending;
  readonly thorough: boolean;
}

async function tryOnce(site: DriveSite, trial: Trial): Promise<readonly string[]> {
  const { matrix, trouble, phase, ending, thorough } = trial;
  const { times = 1, surroundings = {} } = matrix;
  const place = `${trouble.text}, ${phases[phase].text}`;
  const { command, faults } = phases[phase];
  const before = await site.volumeOf(protectedCartridge);
  const usual = await site.template.usual(command, surroundings);
  const ran = await site.command(command(site), { ...surroundings, faults: faults(trouble.action, times) });
  const { exitCode, codes } = expectedOf(ending);
  assert.deepEqual(
    { place, exitCode: ran.exitCode, codes: ran.codes },
    { place, exitCode, codes },
    ran.said.join('\n'),
  );
  assert.ok((ran.hits[0] ?? 0) >= 1, `${place}: it did not happen`);
  assert.equal(ran.waitedMs > 0, /^(waits|proves)/.test(ending), `${place}: waited ${ran.waitedMs} ms`);
  if (ending === 'done') assert.ok(ran.sent.length <= usual + 2, `${place}: ${ran.sent.length} for ${usual} commands`);
  if (ending === 'resumes') assert.ok(ran.sent.length > usual + 2, `${place}: ${ran.sent.length} commands`);
  if (ending === 'full') assert.equal((await site.cartridge(protectedCartridge))['fill'], 'full', place);
  assertSays(ran, trial);
  if (/^(again|elsewhere)/.test(ending)) await assertSameCartridge(site, ran, trial);
  const isRelabelled = phases[phase].command === relabel;
  if (isRelabelled) await assertNoContradiction(site, before);
  else site.assertProtectedKept();
  if (thorough) await (isRelabelled ? assertCanBeLabelled(site) : assertNextWorks(site, trial, place));
  return ran.said;
}

/** Nothing is held against the cartridge, or not for long; and where the drive is out of use, the other one is not. */
async function assertSameCartridge(site: DriveSite, ran: Ran, { phase, ending }: Trial): Promise<void> {
  const { staged } = site.template;
  if (phases[phase].command === phases.write.command)
    assert.deepEqual(ran.json['flushed'], [{ dataSet: staged, cartridges: [protectedCartridge] }]);
  assert.equal((await site.cartridge(protectedCartridge))['condition'], 'good');
  if (ending === 'elsewhere') assert.deepEqual(await site.drives(), ['down', 'empty']);
}

/** All is there that was, and without the fault the command does what it could not do. */
async function assertNextWorks(site: DriveSite, { matrix, phase, ending }: Trial, place: string): Promise<void> {
  const { surroundings = {} } = matrix;
  const { staged, written } = site.template;
  await site.takeDriveBack();
  await site.assertNothingLost(phases[phase].command === restore ? written : staged);
  // It is not taken for something else, either.
  assert.equal((await site.cartridge(protectedCartridge))['kind'], 'data', place);
  if (expectedOf(ending).exitCode === 0) return;
  const next = await site.command(phases[phase].command(site), surroundings);
  assert.equal(next.exitCode, 0, `${place}, the next time:\n${next.said.join('\n')}`);
  if (phases[phase].command === phases.write.command) await site.assertNothingLost(staged);
  else site.assertProtectedKept();
  if (phase.startsWith('label')) assert.equal((await site.cartridge('G00002L9'))['condition'], 'good', place);
}

/** Labelling anew ended somehow: where the old volume is known still, it is there still; and what was staged is in no danger. */
async function assertNoContradiction(site: DriveSite, before: string | undefined): Promise<void> {
  const check = await site.command(['catalog', 'check']);
  assert.equal(check.exitCode, 0, check.said.join('\n'));
  if (site.isProtectedKept && (await site.volumeOf(protectedCartridge)) === before) {
    await site.takeDriveBack();
    await site.assertRestores(site.template.written);
  }
}

async function assertCanBeLabelled(site: DriveSite): Promise<void> {
  const { staged } = site.template;
  await site.takeDriveBack();
  await site.assertRestores(staged);
  for (const command of [relabel(site), ['verify', protectedCartridge], flush(), ['catalog', 'check']]) {
    const ran = await site.command(command);
    assert.equal(ran.exitCode, 0, `${command.join(' ')}:\n${ran.said.join('\n')}`);
  }
  await site.assertRestores(staged);
}

/** What happened is said as the drive put it, and with what to do. */
function assertSays(ran: Ran, { matrix, trouble, phase, ending }: Trial): void {
  if (ran.codes.length === 0 || trouble.code === undefined || matrix.unnamedIn?.includes(phase)) return;
  const place = `${trouble.text}, ${phases[phase].text}, ${ending}`;
  const { code } = trouble;
  assert.ok(
    ran.said.some((text) => text.includes(code)),
    `${place}: it is not named in ${ran.said.join('\n')}`,
  );
}
