import assert from 'node:assert/strict';
import type { ChangerTrouble } from '#test/faults/changer-troubles';
import { always, type LibraryBench, onSharedBench, operation } from '#test/faults/library-bench';
import type { Scenario } from '#test/faults/scenario';
import type { Fault, FaultAction } from '#test/support/faulty-transport';

const move = ['library', 'move', 'G00002L9', 'slot:5'] as const;

export interface MoveFault {
  readonly name: string;
  readonly sense: string;
  readonly outcome: string;
  readonly messages: readonly string[];
  readonly faults: readonly Omit<Fault, 'when'>[];
  /** How `library move G00002L9 slot:5` ends; 0 unless told. */
  readonly fails?: readonly [exitCode: number, code: string];
  /** Where the cartridge is then. */
  readonly lies: 'slot:2' | 'slot:5';
}

export const once = (action: FaultAction): readonly Omit<Fault, 'when'>[] => [{ action }];
export const forEver = (action: FaultAction): readonly Omit<Fault, 'when'>[] => [{ ...always, action }];

/** Nothing was moved, and that is said. */
export const giveUp = (
  { answer, action, code, failure, remedy }: ChangerTrouble,
  times: 'once' | 'always',
): Omit<MoveFault, 'name' | 'outcome'> => ({
  sense: times === 'always' ? `${answer}, always` : answer,
  messages: [`…: MOVE MEDIUM ${failure}; G00002L9 is in slot:2 now\n${remedy}`],
  faults: times === 'always' ? forEver(action) : once(action),
  fails: [1, code],
  lies: 'slot:2',
});

/** The fault in a move; the catalog then says what is true, and the next move does what is asked of it. */
export const inMove = ({ name, sense, outcome, messages, faults, fails, lies }: MoveFault): Scenario => ({
  name,
  injected: `Changer, MOVE MEDIUM: ${sense}`,
  outcome,
  messages,
  run: onSharedBench(async (bench) => {
    bench.plant('changer', ...faults.map((fault) => ({ when: operation.move, ...fault })));
    if (fails) await bench.fails(...fails, ...move);
    else await bench.ends(0, ...move);
    assert.equal(bench.lies('G00002L9'), lies);
    bench.heal();
    await assertGoesOn(bench);
  }),
});

async function assertGoesOn(bench: LibraryBench): Promise<void> {
  await bench.ends(0, 'library', 'move', 'G00002L9', 'slot:6');
  assert.deepEqual([bench.lies('G00002L9'), await bench.place('G00002L9')], ['slot:6', 'slot:6']);
  await bench.ends(0, 'library', 'move', 'G00002L9', 'slot:2');
  await bench.settle();
}
