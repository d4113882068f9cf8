import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { compareFolders } from '#src/cli/demo/compare-folders';
import { Guest, guestTools } from '#test/rig/guest';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { TgtWorkplace } from '#test/tgt/tgt-workplace';

const skip = skipWithout([...guestTools, ...tgtTools]);
const barcodes = ['T00001L8', 'T00002L8', 'T00003L8'] as const;

interface Places {
  readonly drives: readonly { readonly number: number; readonly cartridge?: string }[];
  readonly slots: Places['drives'];
  readonly mailSlots: Places['drives'];
}

/** What a stranger does with a cartridge, on a kernel that is not ours, through its tape driver. */
describe('a Linux machine with the library', { skip }, () => {
  let library: TgtLibrary;
  let place: TgtWorkplace;
  let guest: Guest;

  before(async () => {
    library = await TgtLibrary.start({ drives: 2, slots: 6, mailSlots: 2, cartridges: barcodes, capacityMiB: 64 });
    place = new TgtWorkplace(library);
    const folder = join(place.source, 'letters');
    mkdirSync(folder);
    for (const name of ['a', 'b', 'c', 'd', 'e']) writeFileSync(join(folder, name), Buffer.alloc(700_001, name));
    await place.json(['library', 'inventory']);
    await place.json(['cartridge', 'label', barcodes[0], '--pool', 'daily']);
    const { segments } = await place.json<{ segments: number }>(['backup', 'run', 'home', '--level', 'full']);
    assert.ok(segments > 2, `${segments} segments`);
    await place.json(['library', 'export', barcodes[1]]);
    await place.json(['drive', 'load', barcodes[0], '--drive', '1']);
    guest = await Guest.start(library.port);
    await guest.logIn(library.target);
  });

  after(async () => {
    await guest?.[Symbol.asyncDispose]();
    place?.[Symbol.dispose]();
    await library?.[Symbol.asyncDispose]();
  });

  it('sees in mtx what our inventory says', async () => {
    const { drives, slots, mailSlots } = await place.json<Places>(['library', 'status']);
    const ours = [
      ...drives.map(({ number, cartridge }) => [`drive ${number}`, cartridge]),
      ...slots.map(({ number, cartridge }) => [`slot ${number}`, cartridge]),
      ...mailSlots.map(({ number, cartridge }) => [`mail slot ${number}`, cartridge]),
    ];
    const changer = await guest.check("lsscsi -g | awk '/mediumx/ { print $NF }'");
    assert.deepEqual(parseMtx(await guest.check(`mtx -f ${changer.trim()} status`)), ours);
  });

  it('restores the backup by the commands of the README on the cartridge', async () => {
    const readme = await guest.check(`set -e
mt -f /dev/nst0 rewind
(dd bs=1M count=1 of=/dev/null; dd bs=1M) </dev/nst0 | tar -xO`);
    const commands = readme.split('\n').flatMap((line) => (line.startsWith('    ') ? [line.trim()] : []));
    const [setBlocks = '', rewind = '', , forward = '', show = ''] = commands;
    const extract = commands.at(-1) ?? '';
    const [read = '', ...tar] = extract.split(' | ');
    assert.match(setBlocks, /setblk 0$/);
    assert.match(extract, /nst0 \| tar /);
    const segments = new Map<number, number>();
    for (let file = 1; ; file += 1) {
      const go = [setBlocks, rewind, forward.replace(/ 1$/, ` ${file}`)].join('\n');
      const { exitCode, stdout } = await guest.run(`set -eo pipefail\n${go}\n${show}`);
      if (exitCode !== 0) break;
      const { kind, number } = JSON.parse(stdout.toString());
      if (kind !== 'segment') continue;
      segments.set(number, file);
      await guest.check(`set -e\nmkdir -p /tmp/payloads\n${go}\n${read} >/tmp/payloads/${1000 + number}`);
    }
    assert.ok(segments.size > 2, `segments ${[...segments]}`);
    await guest.check(`set -eo pipefail
mkdir /tmp/restored
cd /tmp/restored
cat /tmp/payloads/* | ${tar.join(' | ')}`);
    const { stdout } = await guest.run('tar --format=pax -C /tmp/restored -cf - .');
    const restored = join(place.folder, 'from-guest');
    mkdirSync(restored);
    execFileSync('tar', ['-C', restored, '--delay-directory-restore', '-xpf', '-'], { input: stdout });
    const { compared, differences } = await compareFolders(place.source, join(restored, place.source));
    assert.deepEqual([compared, differences], [6, []]);
  });

  it('writes a tape with tar, which we identify as what it is', async () => {
    await guest.check(`set -eo pipefail
changer=$(lsscsi -g | awk '/mediumx/ { print $NF }')
mtx -f $changer load 3 1
mt -f /dev/nst1 setblk 0
cd /etc
tar -cf - passwd init.d | dd of=/dev/nst1 bs=10240 iflag=fullblock
mt -f /dev/nst1 rewind
dd if=/dev/nst1 bs=10240 | tar -t | grep -x passwd
mtx -f $changer unload 3 1`);
    await guest.logOut();
    const identified = await place.json(['cartridge', 'identify', barcodes[2]]);
    assert.deepEqual([identified['kind'], identified['format']], ['foreign', 'tar']);
    const refused = await place.run('cartridge', 'label', barcodes[2], '--yes');
    assert.equal(refused.exitCode, 6, refused.stderr);
  });
});

/** Lines such as `Storage Element 2:Full :VolumeTag=T00002L8`; mtx counts drives from 0, and mail slots behind the slots. */
function parseMtx(text: string): readonly (readonly [string, string | undefined])[] {
  let mailSlots = 0;
  return text.split('\n').flatMap((line) => {
    const match = /^ *(Data Transfer|Storage) Element (\d+)( IMPORT\/EXPORT)?:.*?(?:VolumeTag *= *(\S*))? *$/.exec(
      line,
    );
    if (!match) return [];
    const [, kind, number, mail, barcode] = match;
    if (mail) mailSlots += 1;
    const name =
      kind === 'Storage' ? (mail ? `mail slot ${mailSlots}` : `slot ${number}`) : `drive ${Number(number) + 1}`;
    return [[name, barcode || undefined] as const];
  });
}
