import assert from 'node:assert/strict';
import { status } from '#src/scsi/status';
import { type ChangerTrouble, troubles } from '#test/faults/changer-troubles';
import { always, check, type LibraryBench, onSharedBench, operation } from '#test/faults/library-bench';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault, FaultAction } from '#test/support/faulty-transport';

const phases = {
  opening: operation.modeSense,
  inventory: (cdb: Uint8Array): boolean => cdb[0] === operation.elements && (cdb[1] ?? 0) % 16 === 2,
  rescan: operation.rescan,
} as const;
type Phase = keyof typeof phases;
const allPhases: readonly Phase[] = ['opening', 'inventory', 'rescan'];

interface AnswerFault {
  readonly name: string;
  readonly answer: string;
  readonly outcome: string;
  readonly messages: readonly string[];
  readonly fault: Omit<Fault, 'when'>;
  /** How `library inventory` ends; 0 unless told. */
  readonly fails?: readonly [exitCode: number, code: string];
  readonly in?: readonly Phase[];
}

const commandNames = { opening: 'MODE SENSE', inventory: 'READ ELEMENT STATUS', rescan: 'INITIALIZE ELEMENT STATUS' };

/** The fault in each phase of `library inventory`: the catalog keeps what it knew, and the next one looks. */
const inPhases = ({ name, answer, outcome, messages, fault, fails, ...where }: AnswerFault): Scenario => {
  const hit = where.in ?? allPhases;
  return {
    name,
    injected: `Changer, ${hit.map((phase) => commandNames[phase]).join(', ')}: ${answer}`,
    outcome,
    messages,
    run: onSharedBench(async (bench) => {
      for (const phase of hit) {
        bench.plant('changer', { when: phases[phase], ...fault });
        if (fails) await bench.fails(...fails, 'library', 'inventory');
        else await bench.ends(0, 'library', 'inventory');
        bench.heal();
        await assertAllKnown(bench);
        await bench.ends(0, 'library', 'inventory');
      }
      await assertAllKnown(bench);
      await bench.settle();
    }),
  };
};

async function assertAllKnown(bench: LibraryBench): Promise<void> {
  for (const number of [1, 2, 3]) assert.equal(await bench.place(`G0000${number}L9`), `slot:${number}`);
}

/** It is asked, and that is the end of it. */
const giveUp = (
  { answer, action, code, failure, remedy }: ChangerTrouble,
  times: 'once' | 'always',
): Omit<AnswerFault, 'name' | 'outcome'> => ({
  answer: times === 'always' ? `${answer}, always` : answer,
  messages: [`…: … ${failure}\n${remedy}`],
  fault: times === 'always' ? forEver(action) : { action },
  fails: [1, code],
});

const forEver = (action: FaultAction) => ({ ...always, action });

const passing: readonly Scenario[] = [
  inPhases({
    name: 'a library that looks at its slots after it was switched on',
    answer: 'NOT READY 04/01, a hundred times',
    outcome: 'It is asked again, at most every ten seconds, until it is ready.',
    messages: [],
    fault: { times: 100, action: check(0x2, 0x04, 0x01) },
  }),
  inPhases({
    name: 'a parity error on the way',
    answer: 'ABORTED COMMAND 47/00, twice',
    outcome: 'These commands do the same however often they are sent, and are sent again.',
    messages: [],
    fault: { times: 2, action: check(0xb, 0x47, 0x00) },
  }),
  inPhases({
    name: 'unit attentions in the middle of an inventory',
    answer: 'UNIT ATTENTION 29/00, 28/00, 28/01, 3F/0E, one after the other',
    outcome: 'What was asked is asked again; where something may have been moved, the inventory begins anew.',
    messages: [],
    fault: { times: 8, action: inTurn([0x29, 0x00], [0x28, 0x00], [0x28, 0x01], [0x3f, 0x0e]) },
  }),
  inPhases({
    name: 'a library that cannot be told to look',
    answer: 'ILLEGAL REQUEST 20/00, always',
    outcome: 'Not every library has the command; the inventory is read as the library has it.',
    messages: [],
    fault: forEver(check(0x5, 0x20, 0x00)),
    in: ['rescan'],
  }),
];

/** A unit attention after the other, from the first. */
function inTurn(...codes: readonly (readonly [number, number])[]): FaultAction {
  let next = 0;
  return {
    kind: 'instead',
    act: async (pass) => {
      const code = codes[next++];
      if (!code) return await pass();
      const [asc, ascq] = code;
      const sense = Uint8Array.of(0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0);
      return { status: status.checkCondition, sense, transferredBytes: 0 };
    },
  };
}

const lasting: readonly Scenario[] = [
  inPhases({
    name: 'a library that never becomes ready',
    ...giveUp(troubles.becomingReady, 'always'),
    outcome: 'After an hour it is given up.',
  }),
  inPhases({
    name: 'a library that waits for somebody when it is asked',
    ...giveUp(troubles.needsSomebody, 'always'),
    outcome: 'It is not asked again: only somebody at the library can help.',
  }),
  inPhases({
    name: 'a library that is offline when it is asked',
    ...giveUp(troubles.offline, 'always'),
    outcome: 'As above.',
  }),
  inPhases({
    name: 'a door that is open when it is asked',
    ...giveUp(troubles.openDoor, 'always'),
    outcome: 'As above.',
  }),
  inPhases({
    name: 'a library that fails when it is asked',
    ...giveUp(troubles.internal, 'always'),
    outcome: 'It is not asked again.',
  }),
  inPhases({
    name: 'a barcode reader that fails while it looks',
    ...giveUp(troubles.positioning, 'once'),
    outcome: 'It is not asked again.',
    in: ['rescan'],
  }),
  inPhases({
    name: 'a link that spoils every command',
    ...giveUp(troubles.parity, 'always'),
    outcome: 'After three attempts it is given up.',
  }),
  inPhases({
    name: 'a library that says for ever that it was reset',
    answer: 'UNIT ATTENTION 29/00, always',
    outcome: 'After 32 of them it is given up.',
    messages: [
      '…: … was answered with an attention 32 times in a row\nPower-cycle the library, then run `grandsire library inventory`.',
    ],
    fault: forEver(check(0x6, 0x29, 0x00)),
    fails: [1, 'device.protocol'],
  }),
  inPhases({
    name: 'a library that is busy for ever when it is asked',
    ...giveUp(troubles.busy, 'always'),
    outcome: 'After a minute it is given up.',
  }),
  inPhases({
    name: 'a library that another host has reserved when it is asked',
    ...giveUp(troubles.reserved, 'always'),
    outcome: 'It is not asked again.',
  }),
  inPhases({
    name: 'a library that does not answer',
    answer: 'time-out',
    outcome: 'It is not asked again.',
    messages: ['… did not answer in time ….\nRun the command again.'],
    fault: { action: { kind: 'time-out' } },
    fails: [1, 'device.time-out'],
  }),
  inPhases({
    name: 'a connection that is lost when the library is asked',
    answer: 'the connection is lost, and stays lost',
    outcome: 'It is not asked again.',
    messages: ['The connection to … is lost ….\nRun the command again.'],
    fault: { action: { kind: 'unreachable', stays: true } },
    fails: [1, 'device.unreachable'],
  }),
  inPhases({
    name: 'a library that refuses to say what lies in its slots',
    answer: 'ILLEGAL REQUEST 24/00, always',
    outcome:
      'It is asked in four ways, with and without identifiers of the drives and answers from memory, and then given up.',
    messages: [
      '…: … failed: illegal request: invalid field in CDB (5/24/00)\nRun `grandsire library inventory`, then the command again; if the device refuses it again, report the message.',
    ],
    fault: forEver(check(0x5, 0x24, 0x00)),
    fails: [1, 'device.rejected-command'],
    in: ['inventory'],
  }),
  {
    name: 'a library that does not say which elements it has',
    injected: 'Changer, MODE SENSE(6) and (10): ILLEGAL REQUEST 20/00, always',
    outcome: 'Nothing can be done with it.',
    messages: [
      '…: the library does not say which elements it has\nPower-cycle the library; if it stays so, it is not a media changer that this program can drive.',
    ],
    run: onSharedBench(async (bench) => {
      bench.plant('changer', { when: [0x1a, 0x5a], ...always, action: check(0x5, 0x20, 0x00) });
      await bench.fails(1, 'device.malformed-response', 'library', 'inventory');
      await bench.settle();
    }),
  },
  {
    name: 'something else than a media changer at the address of the library',
    injected: 'Changer, INQUIRY: peripheral device type 01h',
    outcome: 'No command but INQUIRY is sent to it.',
    messages: [
      '…: device type 1 (qualifier 0) where 8 was expected\nCorrect the settings of the library in grandsire.yaml: they name another device.',
    ],
    run: onSharedBench(async (bench) => {
      const edit = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte, index) => (index === 0 ? 1 : byte));
      bench.plant('changer', { when: operation.inquiry, action: { kind: 'answer', edit } });
      await bench.fails(1, 'device.wrong-type', 'library', 'inventory');
      assert.equal(bench.sent(operation.elements).length, 0);
      await bench.settle();
    }),
  },
];

export const chapter: Chapter = {
  title: 'The library is asked what it has',
  introduction:
    'The library answers with something else than GOOD while it is opened, looks, or says what lies where, in `grandsire library inventory`. ' +
    'The catalog keeps what it knew until the library has answered; nothing is taken for gone because it did not. The next inventory looks.',
  scenarios: [...passing, ...lasting],
};
