import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { findOperation, operationNames } from '#src/scsi/operation-codes';
import { answer, driveElement, mailSlot, slot } from '#test/drivers/virtual/answers';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { createTestLibrary, sendHex } from '#test/support/virtual-library';
import { type Places, type Step, steps } from '#test/tgt/side-by-side';
import { TgtDevices } from '#test/tgt/tgt-devices';
import { type Answers, differences, refusedByBoth } from '#test/tgt/tgt-differences';

const invalidOperation = '5/20/00';
const barcodes = ['T00001L8', 'T00002L8'];

interface Units {
  readonly changer: ScsiTransport;
  readonly drive: ScsiTransport;
}

it('every command is answered alike by tgt and by the virtual library, but for the differences listed', {
  skip: skipWithout(tgtTools),
}, async () => {
  await using virtual = await createTestLibrary({
    drives: 2,
    slots: 4,
    mailSlots: 1,
    cartridges: barcodes,
    generation: 'LTO-8',
  });
  await using library = await TgtLibrary.start({ drives: 2, slots: 4, mailSlots: 1, cartridges: barcodes });
  await using devices = await TgtDevices.open(library);
  const ours = await answersOf(
    { changer: await virtual.changer(), drive: await virtual.drive(1) },
    { slot, drive: driveElement(1), mailSlot: mailSlot(1) },
  );
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  const theirs = await answersOf(
    { changer: await devices.changer(), drive: await devices.drive(1) },
    {
      slot: (number) => hex(library.slot(number)),
      drive: hex(library.drive(1)),
      mailSlot: hex(library.mailSlot(1)),
    },
  );
  const found = new Map<string, Answers>();
  const refused: string[] = [];
  for (const { name } of steps) {
    const [mine, other] = [ours.get(name) ?? '', theirs.get(name) ?? ''];
    if (mine === invalidOperation && other === invalidOperation) refused.push(name);
    if (mine !== other) found.set(name, { virtual: mine, tgt: other });
  }
  const listed = Object.entries(differences).map(([name, { virtual: mine, tgt }]) => [name, { virtual: mine, tgt }]);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(listed));
  assert.deepEqual(refused, refusedByBoth);
});

it('every command that the program knows is among those that are compared', () => {
  const places: Places = { slot: slot, drive: driveElement(1), mailSlot: mailSlot(1) };
  const sent = new Set(steps.map(({ cdb }) => findOperation(Buffer.from(cdb(places), 'hex'))));
  assert.deepEqual(
    operationNames.filter((name) => !sent.has(name)),
    [],
  );
});

async function answersOf(units: Units, places: Places): Promise<ReadonlyMap<string, string>> {
  for (const unit of [units.changer, units.drive])
    for (let attempt = 0; attempt < 2; attempt += 1) await sendHex(unit, '000000000000');
  const answers = new Map<string, string>();
  for (const step of steps) answers.set(step.name, await answerTo(step, units[step.unit], places));
  assert.equal(answers.size, steps.length, 'names are unique');
  return answers;
}

async function answerTo({ cdb, phase, decode }: Step, unit: ScsiTransport, places: Places): Promise<string> {
  const result = await sendHex(unit, cdb(places), phase);
  const decoded = decode && result.data.length > 0 ? `; ${decode(result.data)}` : '';
  // tgt never says which field it dislikes; that is said once in the documentation.
  return `${answer(result).replace(/ (cdb|data)=.*/, '')}${decoded}`;
}
