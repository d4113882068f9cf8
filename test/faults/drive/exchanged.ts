import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { type DriveSite, onSite, protectedCartridge } from '#test/faults/drive/drive-site';
import { op, verify } from '#test/faults/drive/phases';
import type { Scenario } from '#test/faults/scenario';
import type { Fault } from '#test/support/faulty-transport';
import { answerWith } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

const other = 'G00002L9';

/** What lies under two barcodes changes places. */
function exchange(site: DriveSite): void {
  const [one, two, aside] = [site.image(protectedCartridge), site.image(other), `${site.image(other)}.aside`];
  renameSync(one, aside);
  renameSync(two, one);
  renameSync(aside, two);
}

/** The other cartridge carries a volume of its own, on which nothing is protected. */
async function labelOther(site: DriveSite): Promise<void> {
  const { exitCode, said } = await site.command(['cartridge', 'label', other, '--yes']);
  assert.equal(exitCode, 0, said.join('\n'));
}

/** Back in their places, both are what they were. */
async function assertUndone(site: DriveSite): Promise<readonly string[]> {
  exchange(site);
  site.assertProtectedKept();
  const said: string[] = [];
  for (const barcode of [protectedCartridge, other]) {
    const looked = await site.command(['cartridge', 'identify', barcode]);
    assert.equal(looked.exitCode, 0, looked.said.join('\n'));
    said.push(...looked.said);
  }
  for (const command of [['catalog', 'check'], verify(), ['verify', other]]) {
    const ran = await site.command(command);
    assert.equal(ran.exitCode, 0, ran.said.join('\n'));
  }
  const again = await site.command(['cartridge', 'label', other, '--yes']);
  assert.equal(again.exitCode, 0, again.said.join('\n'));
  await site.assertNothingLost(site.template.staged, site.template.written);
  return said;
}

const verified: Scenario = {
  name: 'another cartridge lies under the barcode that is verified',
  injected: 'Two labelled cartridges have changed their barcodes.',
  outcome: 'Nothing of it is compared, and nothing called damaged: it is named as what it is.',
  messages: [
    'cartridge G00001L9 (main/slot:1) should carry volume … and carries … (labelled for G00002L9)',
    'It is another cartridge under this barcode: take it out and put the right one in.…',
  ],
  run: onSite(async (site) => {
    await labelOther(site);
    exchange(site);
    const ran = await site.command(verify());
    assert.equal(ran.exitCode, 6, ran.said.join('\n'));
    await assertUndone(site);
    return ran.said;
  }),
};

const labelled: Scenario = {
  name: 'a protected cartridge lies under the barcode that is labelled anew',
  injected:
    'A labelled cartridge, which may be labelled anew, and one that holds a protected data set have changed their barcodes.',
  outcome: 'The label on the medium is believed, not the barcode: nothing is written, and both are named.',
  messages: [
    'volume … is on cartridge G00001L9 (main/slot:1) and on cartridge G00002L9 (main/slot:2): neither is written to',
  ],
  run: onSite(async (site) => {
    await labelOther(site);
    exchange(site);
    const before = site.digests();
    const ran = await site.command(['cartridge', 'label', other, '--yes']);
    assert.deepEqual([ran.exitCode, ran.codes], [6, ['cartridge.wrong-volume']], ran.said.join('\n'));
    assert.deepEqual(site.digests(), before);
    await assertUndone(site);
    return ran.said;
  }),
};

const meanwhile: Scenario = {
  name: 'a protected cartridge is put into the drive in the middle of labelling another anew',
  injected:
    'After the old label was read and its loss recorded, the cartridge is exchanged for the one that holds a protected data set; the REWIND before the first block is answered with 6/28/00.',
  outcome:
    'Nothing is written before the label was read again. It is that of neither the old nor the new volume: the intent is withdrawn, and both cartridges are named.',
  messages: [
    'volume … is on cartridge G00001L9 (main/slot:1) and on cartridge G00002L9 (main/slot:2): neither is written to',
  ],
  run: onSite(async (site) => {
    await labelOther(site);
    const medium = answerWith(fixedSense(6, 0x28, 0x00));
    const faults: readonly Fault[] = [
      {
        when: op.rewind,
        nth: 3,
        action: {
          kind: 'instead',
          act: (pass, command) => {
            exchange(site);
            return medium(pass, command);
          },
        },
      },
    ];
    const ran = await site.command(['cartridge', 'label', other, '--yes'], { faults });
    assert.deepEqual([ran.exitCode, ran.codes, ran.hits], [6, ['cartridge.wrong-volume'], [1]], ran.said.join('\n'));
    assert.ok(!ran.sent.includes(op.write), 'nothing was written');
    await assertUndone(site);
    return ran.said;
  }),
};

export const wrongCartridges: readonly Scenario[] = [verified, labelled, meanwhile];
