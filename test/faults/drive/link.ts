import assert from 'node:assert/strict';
import { onSite, protectedCartridge } from '#test/faults/drive/drive-site';
import { flush, op } from '#test/faults/drive/phases';
import { type Matrix, matrixScenario, outOfUse, sense, type Trouble } from '#test/faults/drive/trials';
import type { Chapter, Scenario } from '#test/faults/scenario';

/** It may be the drive or not: the next cartridge shows. */
const unclear = (code: string): Matrix['endings'] => ({
  load: `next ${code}`,
  look: `next ${code}`,
  append: `next ${code}`,
  write: `next ${code}`,
  commit: `next ${code}`,
  place: `next ${code}`,
  unload: 'done',
  labelWrite: `ends ${code}`,
  labelCommit: `ends ${code}`,
  labelRewind: `ends ${code}`,
  labelRead: `ends ${code}`,
  reach: `lacks ${code}`,
  read: `lacks ${code}`,
});

/** The same once more, on the same cartridge. */
const reconnected: Matrix['endings'] = {
  load: 'resumes',
  look: 'resumes',
  append: 'resumes',
  write: 'resumes',
  commit: 'resumes',
  place: 'resumes',
  unload: 'done',
  labelWrite: 'resumes',
  labelCommit: 'resumes',
  labelRewind: 'resumes',
  labelRead: 'resumes',
  reach: 'resumes',
  read: 'resumes',
};

/** While data is written the cartridge is mounted anew first. */
const timedOut: Matrix['endings'] = {
  ...reconnected,
  load: 'again device.time-out',
  look: 'again device.time-out',
  append: 'again device.time-out',
  write: 'again device.time-out',
  commit: 'again device.time-out',
  place: 'again device.time-out',
};

const bytes = (text: string, hex: string, code?: string): Trouble => ({
  text,
  action: { kind: 'sense-bytes', bytes: Buffer.from(hex, 'hex') },
  ...(code === undefined ? {} : { code }),
});

const matrices: readonly Matrix[] = [
  {
    name: 'the drive does not answer in time',
    injected: 'The transport gives a command up, once:',
    outcome:
      'Whether the command was carried out cannot be known, and the place is lost with it: nothing since the last commit counts. The cartridge is put away and mounted anew, its label is ' +
      'verified, and the tape file begins again at its first block. What was being read is read on. It is remembered against drive and cartridge until either has worked.',
    troubles: [
      { text: 'it never reached the drive', action: { kind: 'time-out' } },
      { text: 'it was carried out, and the answer was late', action: { kind: 'time-out', at: 'after' } },
    ],
    endings: timedOut,
    messages: ['virtual:…/library drive 1 did not answer in time …; what was not committed is written again'],
  },
  {
    name: 'the connection to the drive breaks off, and comes back',
    injected: 'The transport loses its connection, and has it again for the next command:',
    outcome:
      'Nothing is put out of use. The cartridge is mounted anew, its label is verified, and the tape file begins again at its first block; what was being read is read on.',
    troubles: [
      { text: 'before the command reached the drive', action: { kind: 'unreachable', usable: true } },
      { text: 'after it was carried out', action: { kind: 'unreachable', usable: true, at: 'after' } },
    ],
    endings: reconnected,
    messages: [],
  },
  {
    name: 'the connection to the drive breaks off, and the transport gives it up',
    injected: 'The transport says that it cannot have the connection again:',
    outcome:
      'The drive is put out of use until an inventory reaches it, and the work goes on in another one. Here there is none; what is staged stays so.',
    troubles: [
      { text: 'before the command reached the drive', action: { kind: 'unreachable' } },
      { text: 'after it was carried out', action: { kind: 'unreachable', at: 'after' } },
    ],
    endings: outOfUse,
    messages: ['The connection to virtual:…/library drive 1 is lost'],
  },
  {
    name: 'the connection to the drive is lost and stays so',
    injected: 'The transport fails from there on:',
    outcome:
      'The drive is put out of use, and its cartridge stays in it. What was committed is on the medium, what was not stays staged; both are restored after the drive is back and an inventory was made.',
    troubles: [{ text: 'every later command fails', action: { kind: 'unreachable', stays: true } }],
    endings: outOfUse,
    messages: [
      'The connection to virtual:…/library drive 1 is lost',
      'drive:1 of main was put out of use: the drive cannot be reached: The connection to virtual:…/library drive 1 is lost',
    ],
  },
  {
    name: 'the link gives a command up',
    injected: "CHECK CONDITION in place of the drive's answer, once:",
    outcome:
      'What does no harm when it is done twice is sent again. After a write or a read that was given up nobody knows the place: as after a reset, what was not committed begins again at its first block.',
    troubles: [sense(0xb, 0x00, 0x00), sense(0xb, 0x47, 0x00)],
    endings: {
      load: 'done',
      look: 'done',
      append: 'again',
      write: 'again',
      commit: 'again',
      place: 'done',
      unload: 'done',
      labelWrite: 'resumes',
      labelCommit: 'resumes',
      labelRewind: 'done',
      labelRead: 'done',
      reach: 'resumes',
      read: 'resumes',
    },
    messages: ['drive … lost its place while tape file … of cartridge G00001L9 was written: aborted command: …'],
  },
  {
    name: 'CHECK CONDITION without sense data that can be read',
    injected: 'The command is carried out, and answered with CHECK CONDITION and',
    outcome: 'There was nothing to be learned; it may be the drive or not, so that the next cartridge is taken.',
    troubles: [bytes('no bytes', ''), bytes("a vendor's format (7Fh)", '7f0003000000000a00000000110000000000')],
    endings: unclear('device.protocol'),
    messages: ['virtual:…/library drive 1: WRITE(6) ended with CHECK CONDITION without sense data'],
  },
  {
    name: 'sense data that was cut short',
    injected: 'The command is carried out, and answered with CHECK CONDITION and',
    outcome: 'What is there is believed: the key says that it is the medium.',
    troubles: [
      bytes('3 bytes of fixed format: 70 00 03', '700003', '(3/00/00)'),
      bytes('2 bytes of descriptor format: 72 03', '7203', '(3/00/00)'),
    ],
    endings: {
      load: 'next drive.load-failed',
      look: 'next cartridge.unreadable',
      append: 'next cartridge.contradicts-catalog',
      write: 'next cartridge.write-failed',
      commit: 'next cartridge.write-failed',
      place: 'next cartridge.write-failed',
      labelWrite: 'ends cartridge.label-failed',
      labelRead: 'ends cartridge.label-failed',
      reach: 'lacks volume.damaged-tape-file',
      read: 'lacks cartridge.unreadable-block',
    },
    messages: [
      'drive … reported medium error: no additional sense information (3/00/00) while tape file … was written',
    ],
  },
  {
    name: 'fewer bytes move than the drive says',
    injected: 'The command is carried out in full; the transport says that it moved',
    outcome:
      'A block that came short is neither written nor read, and nothing of the tape file is committed. Loading, positioning, filemarks and unloading move no data, so that nothing can come short there.',
    troubles: [{ text: '1000 bytes fewer', action: { kind: 'residual', bytes: 1000 } }],
    endings: {
      look: 'next device.data-lost',
      write: 'next device.data-lost',
      place: 'next cartridge.write-failed',
      labelWrite: 'ends device.data-lost',
      labelRead: 'ends device.data-lost',
      read: 'lacks device.data-lost',
    },
    messages: [
      'virtual:…/library drive 1: … of 131072 bytes of a block came through',
      'Look at cables and adapters, then run the command again.',
    ],
  },
];

const neverInTime: Scenario = {
  name: 'the drive does not answer in time, again and again',
  injected: 'The transport gives every WRITE(6) up, before it reaches the drive.',
  outcome:
    'The second time in a row the cartridge is passed over. When it is so with the next one, too, the drive is put out of use, and nothing is held against the cartridges; what is staged stays so.',
  messages: [
    'virtual:…/library drive 1 did not answer in time …; what was not committed is written again',
    'virtual:…/library drive 1 did not answer in time …; the run goes on with the next cartridge. …',
    'G00001L9 and G00002L9 failed in it one after the other, which tells against the drive: virtual:…/library drive 1 did not answer in time …',
  ],
  run: onSite(async (site) => {
    const faults = [{ when: op.write, times: Number.POSITIVE_INFINITY, action: { kind: 'time-out' } }] as const;
    const ran = await site.command(flush(), { faults });
    assert.deepEqual([ran.exitCode, ran.hits], [4, [3]], ran.said.join('\n'));
    for (const barcode of [protectedCartridge, 'G00002L9'])
      assert.equal((await site.cartridge(barcode))['condition'], 'good', barcode);
    await site.takeDriveBack();
    await site.assertNothingLost(site.template.staged);
    assert.equal((await site.command(flush())).exitCode, 0);
    await site.assertNothingLost(site.template.staged, site.template.written);
    return ran.said;
  }),
};

export const driveLink: Chapter = {
  title: 'The way to a drive',
  introduction:
    'Time-outs, connections, statuses and residuals. After each the place on the medium is not known, and nothing that was written since the last commit counts.',
  scenarios: [...matrices.map(matrixScenario), neverInTime],
};
