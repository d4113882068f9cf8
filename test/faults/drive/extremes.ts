import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { invalidOperation, openScriptedDrive } from '#test/drivers/scsi-tape/scripted-drive';
import { type DriveSite, onSite, protectedCartridge } from '#test/faults/drive/drive-site';
import { farDrive, labelObjects } from '#test/faults/drive/far-drive';
import { longSegment } from '#test/faults/drive/long-segment';
import { flush, op, relabel, restore, verify } from '#test/faults/drive/phases';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault, FaultAction } from '#test/support/faulty-transport';
import { InterposedTransport } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

const always = Number.POSITIVE_INFINITY;
const answers = (ascq: number, asc = 0x04): readonly Fault[] => [
  { when: op.testUnitReady, times: always, action: { kind: 'check', sense: { key: 2, asc, ascq } } },
];
const minutes = (ms: number): number => Math.round(ms / 60_000);

/** Afterwards the drive is taken back, and the staged data set goes where it should. */
async function assertAllWellAgain(site: DriveSite): Promise<void> {
  await site.assertNothingLost(site.template.staged);
  await site.takeDriveBack();
  const next = await site.command(flush());
  assert.equal(next.exitCode, 0, next.said.join('\n'));
  await site.assertNothingLost(site.template.staged, site.template.written);
}

const neverReady: Scenario = {
  name: 'a cartridge that never gets ready',
  injected: 'TEST UNIT READY is answered with 2/04/01 for ever.',
  outcome:
    'It is waited for two and a half hours, which the first load of a new LTO-9 cartridge can take, and never told to load a second time. Then the drive is put out of use; what is staged stays so.',
  messages: ['virtual:…/library drive 1: the cartridge is still not ready after 150 minutes (not ready: … (2/04/01))'],
  run: onSite(async (site) => {
    const ran = await site.command(flush(), { faults: answers(0x01) });
    assert.deepEqual([ran.exitCode, ran.codes], [4, ['drive.none-usable', 'drive.down']], ran.said.join('\n'));
    assert.ok(minutes(ran.waitedMs) >= 150 && minutes(ran.waitedMs) <= 160, `${minutes(ran.waitedMs)} minutes`);
    await assertAllWellAgain(site);
    return ran.said;
  }),
};

const neverThreaded: Scenario = {
  name: 'a cartridge that the drive never threads',
  injected: 'TEST UNIT READY is answered with 2/04/02 for ever.',
  outcome: 'LOAD is sent once, for a second one would begin a calibration of two hours again; then as above.',
  messages: ['virtual:…/library drive 1: the cartridge is still not ready after 150 minutes (not ready: … (2/04/02))'],
  run: onSite(async (site) => {
    let starts = 0;
    const interpose = (transport: ScsiTransport) =>
      new InterposedTransport(transport).always(op.loadUnload, async (pass, { cdb }) => {
        const result = await pass();
        // One that was answered with an attention was not carried out.
        if (((cdb[4] ?? 0) & 1) === 1 && result.status === 0) starts += 1;
        return result;
      });
    const ran = await site.command(flush(), { faults: answers(0x02), interpose });
    assert.deepEqual([ran.exitCode, ran.codes], [4, ['drive.none-usable', 'drive.down']], ran.said.join('\n'));
    assert.equal(starts, 1);
    await assertAllWellAgain(site);
    return ran.said;
  }),
};

const neverSeen: Scenario = {
  name: 'a cartridge that the drive never sees',
  injected: 'TEST UNIT READY is answered with 2/3A/00 for ever.',
  outcome:
    'Each is given 15 seconds. The second cartridge that is not seen puts the drive out of use; what is staged stays so.',
  messages: [
    'G00001L9 and G00002L9 failed in it one after the other, which tells against the drive: the drive does not see the cartridge',
  ],
  run: onSite(async (site) => {
    const ran = await site.command(flush(), { faults: answers(0x00, 0x3a) });
    assert.equal(ran.exitCode, 4, ran.said.join('\n'));
    assert.ok(ran.waitedMs > 30_000 && ran.waitedMs < 60_000, `${ran.waitedMs} ms`);
    assert.equal(ran.moves, 4);
    await assertAllWellAgain(site);
    return ran.said;
  }),
};

const resetAgain: Scenario = {
  name: 'the drive is reset at every write',
  injected: 'Every WRITE(6) is answered with 6/29/00.',
  outcome:
    'The tape file is begun three times, each time from the label; then the run ends. What is staged stays so, and nothing is held against the cartridge.',
  messages: [
    'drive … lost its place while tape file 5 of cartridge G00001L9 was written: unit attention: … (6/29/00); what was not committed is written again',
    'What was committed before is safe. Look at the drive, its power and its cables, then run the command again.',
  ],
  run: onSite(async (site) => {
    const reset: FaultAction = { kind: 'check', sense: { key: 6, asc: 0x29, ascq: 0 } };
    const ran = await site.command(flush(), { faults: [{ when: op.write, times: always, action: reset }] });
    const code = 'drive.interrupted';
    assert.deepEqual([ran.exitCode, ran.codes, ran.hits], [1, [code, code, code], [3]], ran.said.join('\n'));
    assert.equal((await site.cartridge(protectedCartridge))['condition'], 'good');
    await assertAllWellAgain(site);
    return ran.said;
  }),
};

const attentionsForEver: Scenario = {
  name: 'attentions without end',
  injected: 'Every LOCATE is answered with an attention that means nothing here (6/3F/01).',
  outcome: 'After 32 in a row the drive is taken for broken and put out of use.',
  messages: ['virtual:…/library drive 1: LOCATE(16) was answered with an attention 32 times in a row'],
  run: onSite(async (site) => {
    const action: FaultAction = { kind: 'check', sense: { key: 6, asc: 0x3f, ascq: 1 } };
    const faults = [{ when: [op.locate16, op.locate10], times: always, action }];
    const ran = await site.command(flush(), { faults });
    assert.deepEqual([ran.exitCode, ran.codes], [4, ['drive.none-usable', 'drive.down']], ran.said.join('\n'));
    assert.deepEqual(ran.hits, [32]);
    await assertAllWellAgain(site);
    return ran.said;
  }),
};

/** ILI on the third READ, whose buffer is one block long. */
const wrongLength = (information: bigint): readonly Fault[] => [
  {
    when: op.read,
    nth: 3,
    action: { kind: 'check', at: 'after', sense: { key: 0, asc: 0, ascq: 0, incorrectLength: true, information } },
  },
];

const longerBlock: Scenario = {
  name: 'a block that is longer than any of the volume',
  injected: 'A READ(6) of a segment is answered with ILI and −1000.',
  outcome: 'What lies there is not ours any more: the files are named, those of other segments restored.',
  messages: ['cartridge G00001L9 (main/slot:1), tape file 1: a block larger than the volume has stands in it'],
  run: onSite(async (site) => {
    const ran = await site.command(restore(site), { faults: wrongLength(-1000n) });
    assert.deepEqual([ran.exitCode, [...new Set(ran.codes)]], [3, ['volume.damaged-tape-file']], ran.said.join('\n'));
    await site.assertNothingLost(site.template.written);
    return ran.said;
  }),
};

const shorterBlock: Scenario = {
  name: 'a block that is shorter than those around it',
  injected: 'A READ(6) of a segment is answered with ILI and 1000.',
  outcome: 'Everything behind it would be shifted: the files are named, those of other segments restored.',
  messages: ['cartridge G00001L9 (main/slot:1), tape file 1: a block of 130072 bytes stands inside of it'],
  run: onSite(async (site) => {
    const ran = await site.command(restore(site), { faults: wrongLength(1000n) });
    assert.deepEqual([ran.exitCode, [...new Set(ran.codes)]], [3, ['volume.damaged-tape-file']], ran.said.join('\n'));
    await site.assertNothingLost(site.template.written);
    return ran.said;
  }),
};

async function changeCatalog(site: DriveSite, change: string): Promise<void> {
  const path = join(site.folder, 'state', 'catalog.sqlite');
  const connection = await SqliteConnection.open({ path, mode: 'read-write', setup: [change] });
  await connection.close();
}

/** Beyond 32 bits, and not a multiple of 2³². */
const between = 3n * 2n ** 32n + 12_345n;

const farObjects: Scenario = {
  name: 'positions beyond 2³²',
  injected: `The drive has ${between} objects more behind the label, and the catalog says so; READ POSITION in short form answers PERR there.`,
  outcome:
    'Written, committed, located, restored, verified and labelled anew as anywhere else, by LOCATE(16) and the long form.',
  messages: [],
  run: onSite(async (site) => {
    await changeCatalog(site, `update tape_files set block = block + ${between} where file_number > 0`);
    const found = await site.command(['find', join(site.template.source, 'a'), '--set', 'home', '--all']);
    const copies = (found.json['matches'] as readonly { copies: readonly { block?: number }[] }[]).flatMap(
      (match) => match.copies,
    );
    assert.ok(copies.some(({ block }) => block === Number(between + labelObjects)));
    const interpose = (transport: ScsiTransport) => farDrive(transport, between);
    const said: string[] = [];
    for (const command of [flush(), restore(site), verify()]) {
      const ran = await site.command(command, { interpose });
      assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
      said.push(...ran.said);
    }
    site.assertProtectedKept();
    const anew = await site.command(relabel(site), { interpose });
    assert.deepEqual([anew.exitCode, anew.codes], [0, []], anew.said.join('\n'));
    return [...said, ...anew.said];
  }),
};

const farSpace: Scenario = {
  name: 'distances beyond 24 bits, on a drive without SPACE(16)',
  injected: 'SPACE(16) over 2²⁴ + 5 blocks is answered with 5/20/00.',
  outcome: 'The distance is gone in steps of SPACE(6), and SPACE(16) is not asked for again.',
  messages: [],
  run: async () => {
    const { drive, transport } = await openScriptedDrive({ knows: 'none' });
    transport.expect(
      { cdb: '9100 0000 0000 0000 0100 0005', sense: invalidOperation },
      { cdb: '1100 7fffff' },
      { cdb: '1100 7fffff' },
      { cdb: '1100 000007' },
    );
    assert.deepEqual(await drive.spaceBlocks(2n ** 24n + 5n), { kind: 'spaced' });
    assert.equal((await drive.position())?.block, 2n ** 24n + 5n);
    transport.expect(
      { cdb: '1100 800001' },
      { cdb: '1100 fffff9', sense: fixedSense(0, 0, 4, { endOfMedium: true, information: 2 }) },
    );
    const passed = 2n ** 23n - 1n + 5n;
    assert.deepEqual(await drive.spaceBlocks(-(2n ** 23n) - 6n), { kind: 'beginning-of-medium', passed });
    transport.assertDone();
    return [];
  },
};

const nonsenseCapacity: Scenario = {
  name: 'a capacity that no number holds',
  injected: 'READ ATTRIBUTE answers all ones for the maximum capacity of the cartridge.',
  outcome: 'It is not believed; the cartridge is labelled and written all the same.',
  messages: [],
  run: onSite(async (site) => {
    const interpose = (transport: ScsiTransport) =>
      new InterposedTransport(transport).always(op.readAttribute, async (pass, { data }) => {
        const result = await pass();
        if (data.direction !== 'in') return result;
        // Identifier 0001h, format, length 8 (SPC-5, medium attribute format).
        const at = Buffer.from(data.buffer).indexOf(Buffer.from('0001800008', 'hex'));
        assert.ok(at > 0, 'the virtual drive tells the capacity');
        data.buffer.fill(0xff, at + 5, at + 13);
        return result;
      });
    const ran = await site.command(['cartridge', 'label', 'G00002L9', '--yes'], { interpose });
    assert.deepEqual([ran.exitCode, ran.codes], [0, []], ran.said.join('\n'));
    const { capacityBytes } = await site.cartridge('G00002L9');
    assert.equal(capacityBytes, null);
    return ran.said;
  }),
};

const farSums: Scenario = {
  name: 'more bytes in a pool than a number holds',
  injected: 'In the catalog each of three cartridges has 2⁵³ − 1 bytes of capacity, as many used.',
  outcome: 'The sums are exact; in JSON they are text from 2⁵³ on.',
  messages: [],
  run: onSite(async (site) => {
    const most = 2n ** 53n - 1n;
    await changeCatalog(
      site,
      `update cartridges set pool = iif(barcode = 'G00004L9', 'scratch', 'daily'), capacity_bytes = ${most}, used_bytes = ${most}`,
    );
    const { json, said } = await site.command(['pool', 'show', 'daily']);
    const { capacityBytes, usedBytes } = json['pool'] as Readonly<Record<string, unknown>>;
    assert.deepEqual([capacityBytes, usedBytes], [String(3n * most), String(3n * most)]);
    return said;
  }),
};

export const driveExtremes: Chapter = {
  title: 'Waits without end, and numbers without measure',
  introduction: 'Nothing is tried for ever; and what a drive counts is taken as wide as the standard has it.',
  scenarios: [
    neverReady,
    neverThreaded,
    neverSeen,
    resetAgain,
    attentionsForEver,
    longerBlock,
    shorterBlock,
    farObjects,
    farSpace,
    longSegment,
    nonsenseCapacity,
    farSums,
  ],
};
