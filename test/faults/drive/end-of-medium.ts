import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DriveSite, onSite, protectedCartridge, type Ran } from '#test/faults/drive/drive-site';
import { flush, op } from '#test/faults/drive/phases';
import { type Matrix, matrixScenario, sense } from '#test/faults/drive/trials';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault, FaultAction } from '#test/support/faulty-transport';

const overflow: FaultAction = { kind: 'check', sense: { key: 0xd, asc: 0, ascq: 2, endOfMedium: true } };
const always = Number.POSITIVE_INFINITY;

/** Counts what the drive was given; true for commands of this kind while the n-th cartridge is in it. */
function onCartridge(number: number, operationCode: number, nth = 1): Fault['when'] {
  let cartridge = 0;
  let isOut = true;
  let seen = 0;
  return (cdb) => {
    if (cdb[0] === op.loadUnload) isOut = true;
    if (cdb[0] === op.testUnitReady && isOut) {
      cartridge += 1;
      isOut = false;
    }
    if (cartridge !== number || cdb[0] !== operationCode) return false;
    seen += 1;
    return seen >= nth;
  };
}

const hardEnd: Scenario = {
  name: 'LTFS #331: early warning, and the hard end right behind it',
  injected:
    'A WRITE(6) in the middle of a segment is carried out and answered with 0/00/02 and EOM; the next one on that cartridge, and all after it, with D/00/02.',
  outcome:
    'The segment is given up there and goes whole to the next cartridge. The index, which would have gone over it, does not fit either and begins the next cartridge. Nothing is a failure.',
  messages: [],
  run: onSite(async (site) => {
    const earlyWarning: FaultAction = {
      kind: 'check',
      at: 'after',
      sense: { key: 0, asc: 0, ascq: 2, endOfMedium: true, information: 0n },
    };
    const faults: readonly Fault[] = [
      { when: onCartridge(1, op.write, 5), times: 1, action: earlyWarning },
      { when: onCartridge(1, op.write, 6), times: always, action: overflow },
    ];
    const ran = await site.command(flush(), { faults });
    assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
    assert.ok(
      ran.hits.every((count) => count > 0),
      `${ran.hits}`,
    );
    assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: ['G00002L9'] }]);
    assert.equal((await site.cartridge(protectedCartridge))['fill'], 'full');
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const endAtFilemark: Scenario = {
  name: 'the end of the medium comes with the filemark',
  injected: 'WRITE FILEMARKS(6) behind a segment is answered with D/00/02.',
  outcome: 'A tape file without its end cannot stand: it goes whole to the next cartridge.',
  messages: [],
  run: onSite(async (site) => {
    const faults = [{ when: onCartridge(1, op.writeFilemarks), times: always, action: overflow }];
    const ran = await site.command(flush(), { faults });
    assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
    assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: ['G00002L9'] }]);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const falseEnd: Scenario = {
  name: 'an empty cartridge claims its end after a few blocks',
  injected: 'On a new cartridge of 64 MiB every WRITE(6) behind its label and one block more is answered with D/00/02.',
  outcome:
    'It is not the segment that is too large: the cartridge is passed over and suspect, so that the next run does not take it again.',
  messages: [
    'cartridge G00002L9 was said to be at its end before … of its 67108864 bytes were written; the run goes on with the next cartridge. The rest goes to another cartridge. Clean the drive; if it happens again, take the cartridge out of the library.',
  ],
  run: onSite(async (site) => {
    const faults: readonly Fault[] = [
      { when: onCartridge(1, op.write), times: always, action: overflow },
      { when: onCartridge(2, op.write, 4), times: always, action: overflow },
    ];
    const ran = await site.command(flush(), { faults });
    assert.deepEqual([ran.exitCode, ran.codes], [3, ['cartridge.write-failed']], ran.said.join('\n'));
    assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: ['G00003L9'] }]);
    assert.equal((await site.cartridge('G00002L9'))['condition'], 'suspect');
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

/** From the third block on, that is in the middle of the first segment. */
const noRoom: Fault = { when: op.write, nth: 3, action: overflow };

/** Commands of these kinds once a write did not fit. */
function behindOverflow(...operationCodes: readonly number[]): Fault['when'] {
  let writes = 0;
  return (cdb) => {
    if (cdb[0] === op.write) writes += 1;
    return writes >= 3 && operationCodes.includes(cdb[0] ?? -1);
  };
}

const stuckAtEnd: Scenario = {
  name: 'the end of the medium, and the way back fails, too',
  injected:
    'A WRITE(6) in the middle of a segment is answered with D/00/02, and so is the LOCATE to where the segment began: the drive still has blocks in its buffer for which there is no room.',
  outcome:
    'What is committed stays good. The cartridge is suspect, so that the next run does not take it again; the data set goes to the next one.',
  messages: [
    'drive … could not go back to object … (volume overflow: end-of-partition/medium detected (D/00/02)) while tape file 5 of cartridge G00001L9 was written; the run goes on with the next cartridge. …',
  ],
  run: onSite(async (site) => {
    const back: Fault = { when: behindOverflow(op.locate16, op.locate10), action: overflow };
    const ran = await site.command(flush(), { faults: [noRoom, back] });
    await assertPassedOver(site, ran);
    return ran.said;
  }),
};

const wormAtEnd: Scenario = {
  name: 'a WORM cartridge at its end',
  injected: 'The protected cartridge is a WORM one; a WRITE(6) in the middle of a segment is answered with D/00/02.',
  outcome:
    'Nothing can be taken back there: a filemark ends the tape file that did not fit, and it stands void. The index, which still fits, stands behind it; the segment goes whole to the next cartridge. Nothing is a failure.',
  messages: [],
  run: onSite(async (site) => {
    makeWorm(site);
    const ran = await site.command(flush(), { faults: [noRoom] });
    assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
    assert.deepEqual(ran.json['flushed'], [
      { dataSet: site.template.staged, cartridges: ['G00002L9', protectedCartridge] },
    ]);
    assert.equal((await site.cartridge(protectedCartridge))['fill'], 'full');
    assert.equal((await site.command(['verify', protectedCartridge])).json['checked'], 6);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const wormWithoutEnd: Scenario = {
  name: 'a WORM cartridge at its end, with no room for a filemark either',
  injected: 'As above; the WRITE FILEMARKS(6) that should end the void tape file is answered with D/00/02, too.',
  outcome:
    'A tape file without its end stands there for good. The cartridge is suspect and passed over; what was committed on it is read.',
  messages: [
    'drive … could not end the tape file that was given up while tape file 5 of cartridge G00001L9 was written; the run goes on with the next cartridge. What was committed before stays good: "grandsire verify G00001L9" reads it back. The rest goes to another cartridge.',
  ],
  run: onSite(async (site) => {
    makeWorm(site);
    const mark: Fault = { when: behindOverflow(op.writeFilemarks), action: overflow };
    const ran = await site.command(flush(), { faults: [noRoom, mark] });
    await assertPassedOver(site, ran);
    assert.equal((await site.command(['verify', protectedCartridge])).exitCode, 0);
    return ran.said;
  }),
};

function makeWorm(site: DriveSite): void {
  const path = join(site.folder, 'library', 'library.json');
  const state = JSON.parse(readFileSync(path, 'utf8'));
  state.cartridges[protectedCartridge].kind = 'worm';
  writeFileSync(path, JSON.stringify(state));
}

async function assertPassedOver(site: DriveSite, ran: Ran): Promise<void> {
  assert.deepEqual([ran.exitCode, ran.codes, ran.hits], [3, ['cartridge.write-failed'], [1, 1]], ran.said.join('\n'));
  assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: ['G00002L9'] }]);
  assert.equal((await site.cartridge(protectedCartridge))['condition'], 'suspect');
  await site.assertNothingLost(site.template.staged, site.template.written);
}

const matrix: Matrix = {
  name: 'the drive says that the medium is at its end',
  injected: "CHECK CONDITION in place of the drive's answer, once:",
  outcome:
    'To a write it is the end of the cartridge, and no failure; to a label it means that there is no room for one. To what writes nothing it means that blocks in the buffer of the drive found no room, or nothing at all: the cartridge is passed over.',
  troubles: [sense(0xd, 0x00, 0x02, { endOfMedium: true }), sense(0xd, 0x00, 0x00)],
  endings: {
    load: 'next drive.load-failed',
    look: 'next device.unexpected-sense',
    append: 'next cartridge.contradicts-catalog',
    write: 'full',
    commit: 'full',
    place: 'next device.unexpected-sense',
    unload: 'done',
    labelLoad: 'ends drive.load-failed',
    labelWrite: 'ends cartridge.label-failed',
    labelCommit: 'ends cartridge.label-failed',
    labelRewind: 'ends cartridge.label-failed',
    labelRead: 'ends device.unexpected-sense',
    labelUnload: 'done',
    restoreLoad: 'nothing drive.load-failed',
    reach: 'lacks volume.damaged-tape-file',
    read: 'lacks device.unexpected-sense',
    restoreUnload: 'done',
    verifyReach: 'names volume.damaged-tape-file',
    verifyRead: 'names device.unexpected-sense',
    relabelReach: 'refuses cartridge.contradicts-catalog',
    relabelWrite: 'ends cartridge.label-failed',
    relabelText: 'ends cartridge.label-failed',
    relabelCommit: 'ends cartridge.label-failed',
    relabelRewind: 'ends cartridge.label-failed',
    relabelRead: 'ends device.unexpected-sense',
  },
  messages: [
    'cartridge G00002L9 (main/slot:2) could not be labelled: there was no room for it',
    'cartridge G00001L9 (main/slot:1) could not be labelled: there was no room for it',
    'cartridge G00001L9 (main/slot:1) cannot be positioned to object …: volume overflow: end-of-partition/medium detected (D/00/02); the run goes on with the next cartridge. …',
    'virtual:…/library drive 1: READ(6) failed: volume overflow: end-of-partition/medium detected (D/00/02)',
  ],
  unnamedIn: ['labelWrite', 'labelCommit', 'relabelWrite', 'relabelText', 'relabelCommit'],
};

export const driveEndOfMedium: Chapter = {
  title: 'The end of the medium',
  introduction:
    'VOLUME OVERFLOW (D/00/02) and early warning, where the catalog expected room. What was committed stands; a tape file that did not fit goes whole to the next cartridge.',
  scenarios: [hardEnd, endAtFilemark, falseEnd, stuckAtEnd, wormAtEnd, wormWithoutEnd, matrixScenario(matrix)],
};
