import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { onSite, protectedCartridge } from '#test/faults/drive/drive-site';
import { flush, label, op, restore } from '#test/faults/drive/phases';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault, FaultAction } from '#test/support/faulty-transport';
import { answerWith, InterposedTransport } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

const mediumError = (asc: number): FaultAction => ({ kind: 'check', sense: { key: 3, asc, ascq: 0 } });
const always = Number.POSITIVE_INFINITY;

/** The n-th command of this kind to the drive does something else. */
function atNth(
  transport: ScsiTransport,
  { operationCode, nth }: { readonly operationCode: number; readonly nth: number },
  act: Parameters<InterposedTransport['always']>[1],
): InterposedTransport {
  let seen = 0;
  return new InterposedTransport(transport).always(operationCode, async (pass, command) => {
    seen += 1;
    return seen === nth ? await act(pass, command) : await pass();
  });
}

const rewinding = Uint8Array.of(op.rewind, 0, 0, 0, 0, 0);

const powerCycle: Scenario = {
  name: 'LTFS #251: the drive loses its power in the middle of a write, and its buffer with it',
  injected:
    'In the middle of a segment the image of the cartridge is cut back to what was synchronised, the drive forgets where it stood, and answers the next WRITE(6) with 6/29/00.',
  outcome:
    'Nothing is written where the tape happens to stand. The cartridge is mounted anew, its label verified, its end found by the catalog, and the segment written again from its first block.',
  messages: [
    'drive … lost its place while tape file 5 of cartridge G00001L9 was written: unit attention: power on, reset, or bus device reset occurred (6/29/00); what was not committed is written again',
  ],
  run: onSite(async (site) => {
    const image = site.image(protectedCartridge);
    const synchronised = statSync(image).size;
    let lostBytes = 0;
    const interpose = (transport: ScsiTransport) =>
      atNth(transport, { operationCode: op.write, nth: 6 }, async () => {
        lostBytes = statSync(image).size - synchronised;
        truncateSync(image, synchronised);
        const path = join(site.folder, 'library', 'library.json');
        const state = JSON.parse(readFileSync(path, 'utf8'));
        state.cartridges[protectedCartridge].writeSessions += 1;
        writeFileSync(path, JSON.stringify(state));
        return await answerWith(fixedSense(6, 0x29, 0x00))(() => assert.fail('not passed on'), {
          cdb: rewinding,
          data: { direction: 'none' },
        });
      });
    const ran = await site.command(flush(), { interpose });
    assert.ok(lostBytes > 400_000, `${lostBytes} bytes were lost`);
    assert.deepEqual([ran.exitCode, ran.codes], [3, ['drive.interrupted']]);
    assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: [protectedCartridge] }]);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const rewound: Scenario = {
  name: 'LTFS #431, #474: another program opens and rewinds the tape between two writes',
  injected:
    'A REWIND from elsewhere, of which no attention tells, before the drive is asked where it stands for the next piece.',
  outcome:
    'The drive is asked for its place before each piece (four blocks), so that nothing is written over the label. The cartridge is passed over; the data set goes to the next one. ' +
    'Between two blocks of one piece nobody can see it before the next piece: keep other programs away from the drive.',
  messages: [
    'drive … stands at object 0 and should stand at … while tape file 5 of cartridge G00001L9 was written; the run goes on with the next cartridge. What was committed before stays good: "grandsire verify G00001L9" reads it back. The rest goes to another cartridge.',
  ],
  run: onSite(async (site) => {
    let isWriting = false;
    let isDone = false;
    const interpose = (transport: ScsiTransport) =>
      new InterposedTransport(transport)
        .always(op.write, (pass, { cdb }) => {
          // Behind the descriptor, which is smaller than a block.
          isWriting = Buffer.from(cdb).readUIntBE(2, 3) === 128 * 1024;
          return pass();
        })
        .always(op.readPosition, async (pass) => {
          if (isWriting && !isDone) {
            isDone = true;
            await pass(rewinding, { direction: 'none' });
          }
          return await pass();
        });
    const ran = await site.command(flush(), { interpose });
    assert.ok(isDone);
    assert.deepEqual([ran.exitCode, ran.codes], [3, ['cartridge.write-failed']]);
    assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: ['G00002L9'] }]);
    await site.assertNothingLost(site.template.staged, site.template.written);
    assert.equal((await site.cartridge(protectedCartridge))['condition'], 'suspect');
    return ran.said;
  }),
};

const lateReport: Scenario = {
  name: 'LTFS #315: a write error is reported on the command after the one it concerns',
  injected:
    'A WRITE(6) is answered GOOD and its block never reaches the medium; the next one is answered with 3/0C/00, deferred.',
  outcome: 'The whole tape file is condemned, not the block whose command carried the report.',
  messages: [
    'drive … reported deferred medium error: write error (3/0C/00) while tape file 5 of cartridge G00001L9 was written',
  ],
  run: onSite(async (site) => {
    let writes = 0;
    const interpose = (transport: ScsiTransport) =>
      new InterposedTransport(transport).always(op.write, async (pass, { cdb }) => {
        writes += 1;
        const length = Buffer.from(cdb).readUIntBE(2, 3);
        if (writes === 4) return { status: 0, sense: new Uint8Array(0), transferredBytes: length };
        if (writes === 5) return { status: 2, sense: fixedSense(3, 0x0c, 0, { deferred: true }), transferredBytes: 0 };
        return await pass();
      });
    const ran = await site.command(flush(), { interpose });
    assert.deepEqual([ran.exitCode, ran.codes], [3, ['cartridge.write-failed']]);
    assert.deepEqual(ran.json['flushed'], [{ dataSet: site.template.staged, cartridges: ['G00002L9'] }]);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const swallowed: Scenario = {
  name: 'a block is lost and nobody says so',
  injected: 'A WRITE(6) is answered GOOD and its block never reaches the medium.',
  outcome:
    'The position that is read back before the next piece is not the one that was counted: the tape file is not committed.',
  messages: ['drive … stands at object … and should stand at … while tape file 5 of cartridge G00001L9 was written'],
  run: onSite(async (site) => {
    const interpose = (transport: ScsiTransport) =>
      atNth(transport, { operationCode: op.write, nth: 4 }, async (_pass, { cdb }) => ({
        status: 0,
        sense: new Uint8Array(0),
        transferredBytes: Buffer.from(cdb).readUIntBE(2, 3),
      }));
    const ran = await site.command(flush(), { interpose });
    assert.deepEqual([ran.exitCode, ran.codes], [3, ['cartridge.write-failed']]);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const badNewMedia: Scenario = {
  name: 'LTFS #300: every write fails, on new media too',
  injected: 'Every WRITE(6) is answered with 3/0C/00.',
  outcome:
    'The second cartridge that fails in the drive tells against the drive: it is put out of use, the suspicion of the cartridges is lifted, and no third one is tried. What is staged stays so.',
  messages: [
    'G00001L9 and G00002L9 failed in it one after the other, which tells against the drive: medium error: write error (3/0C/00)',
    '… stay staged …',
  ],
  run: onSite(async (site) => {
    const ran = await site.command(flush(), { faults: [{ when: op.write, times: always, action: mediumError(0x0c) }] });
    assert.equal(ran.exitCode, 4);
    assert.equal(ran.moves, 4);
    for (const barcode of [protectedCartridge, 'G00002L9', 'G00003L9', 'G00004L9'])
      assert.equal((await site.cartridge(barcode))['condition'], 'good', barcode);
    await site.assertNothingLost(site.template.staged);
    await site.takeDriveBack();
    assert.equal((await site.command(flush())).exitCode, 0);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const cleaningAsked: Scenario = {
  name: 'LTFS #387: the drive asks to be cleaned in the middle of a write',
  injected: 'From the third block on every WRITE(6) and WRITE FILEMARKS(6) is carried out and answered with 0/00/17.',
  outcome: 'What was asked was done: the run goes on to its end, and no cartridge is held for bad.',
  messages: [],
  run: onSite(async (site) => {
    const action: FaultAction = { kind: 'remark', sense: { key: 0, asc: 0x00, ascq: 0x17 } };
    const faults = [{ when: [op.write, op.writeFilemarks], nth: 3, times: always, action }];
    const ran = await site.command(flush(), { faults });
    assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
    assert.ok((ran.hits[0] ?? 0) > 10);
    assert.equal((await site.cartridge(protectedCartridge))['condition'], 'good');
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

const telemetry: Scenario = {
  name: 'LTFS #505: telemetry times out on a busy drive',
  injected:
    'READ ATTRIBUTE is not answered in time before labelling and before writing; REPORT DENSITY SUPPORT when the drive is opened; LOG SENSE when a cartridge is put away, after writing, labelling and restoring.',
  outcome: 'The job goes on with what it knows; nothing is said, and nothing is held against drive or cartridge.',
  messages: [],
  run: onSite(async (site) => {
    const said: string[] = [];
    const silent = (operationCode: number): Fault => ({
      when: operationCode,
      times: always,
      action: { kind: 'time-out' },
    });
    for (const [command, faults] of [
      [label, [silent(op.readAttribute), silent(op.logSense)]],
      [flush, [silent(op.readAttribute), silent(op.logSense)]],
      [restore, [silent(op.reportDensity), silent(op.logSense)]],
    ] as const) {
      const ran = await site.command(command(site), { faults });
      assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
      assert.ok(
        ran.hits.every((count) => count > 0),
        `${ran.hits}`,
      );
      said.push(...ran.said);
    }
    assert.deepEqual(await site.drives(), ['empty']);
    for (const barcode of [protectedCartridge, 'G00002L9'])
      assert.equal((await site.cartridge(barcode))['condition'], 'good', barcode);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return said;
  }),
};

const errorBehindFilemark: Scenario = {
  name: 'Bareos #1034: a read error right behind a filemark',
  injected:
    'While a cartridge is read into the catalog, the first block of its third tape file is answered with 3/11/00.',
  outcome:
    'It is not taken for the end of the tape: the tape file is told as damaged, and those behind it are read. Read again without the fault, all is as it was.',
  messages: ['G00001L9, tape file 2: medium error: unrecovered read error (3/11/00)'],
  run: onSite(async (site) => {
    const faults = [{ when: op.read, nth: 4, action: mediumError(0x11) }];
    const ran = await site.command(['catalog', 'rebuild', protectedCartridge], { faults });
    assert.equal(ran.exitCode, 3, ran.said.join('\n'));
    assert.deepEqual(ran.json['cartridges'], [{ barcode: protectedCartridge, found: 'ours', tapeFiles: 5 }]);
    assert.equal((await site.command(['catalog', 'rebuild', protectedCartridge])).exitCode, 0);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

export const driveField: Chapter = {
  title: 'What went wrong for others at their drives',
  introduction:
    'Reported for other programs, or near to what was. Made to happen here, behind a protected data set on the same cartridge.',
  scenarios: [powerCycle, rewound, lateReport, swallowed, badNewMedia, cleaningAsked, telemetry, errorBehindFilemark],
};
