import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleave, type Measured, median, runProcess } from '#test/bench/measure';
import { makeTree } from '#test/bench/workspace';
import { TgtLibrary } from '#test/rig/tgt-library';

/*
 * node dist/test/bench/iscsi.bench.js: 2 GiB of staged segments to a cartridge of tgt over iSCSI and back, whole processes, against a bare loop of the
 * same blocks through libiscsi (compiled here: needs libiscsi-dev), in one interleaved run, and in the same run what our commands take where there is next to nothing to
 * move. Everything lies in memory. Prints rows of docs/performance.md.
 */

const rounds = 5;
const mib = 2 ** 20;
const segmentBytes = 256 * mib;
const blockBytes = 512 * 1024;
const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const peerSource = fileURLToPath(new URL('../../../test/bench/libiscsi-loop.c', import.meta.url));

const seconds = (runs: readonly Measured[]): number => median(runs.map((run) => run.seconds));

/** A catalog with a data set that is staged, and the cartridge that it goes to. */
class Station {
  readonly root: string;
  readonly segments: readonly string[];
  readonly #cartridge: string;
  readonly #image: string;

  private constructor(root: string, cartridge: string, image: string) {
    this.root = root;
    this.#cartridge = cartridge;
    this.#image = image;
    this.segments = readdirSync(join(root, 'staged'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.segment'))
      .map((name) => join(root, 'staged', name))
      .sort();
  }

  static async create(
    root: string,
    library: TgtLibrary,
    { cartridge, files, fileBytes }: { cartridge: string; files: number; fileBytes: number },
  ): Promise<Station> {
    mkdirSync(root);
    makeTree(join(root, 'source'), { files, least: fileBytes, most: fileBytes });
    writeFileSync(join(root, 'grandsire.yaml'), configuration(library));
    const image = join(library.folder, 'media', cartridge);
    await grandsire(root, 'library', 'inventory');
    await grandsire(root, 'cartridge', 'label', cartridge, '--yes');
    await grandsire(root, 'backup', 'run', 'data', '--stage-only', '--level', 'full');
    await shell(root, `rm -r source && cp -a state staging-state && cp -al staging staged && cp ${image} blank`);
    return new Station(root, cartridge, image);
  }

  /** The cartridge, too, is again what the catalog of this round takes it for: one that was written before, as the peer's is, whose image has its memory already. */
  async flush(): Promise<Measured> {
    const again = `rm -rf state staging && cp -a staging-state state && cp -al staged staging && dd if=blank of=${this.#image} conv=notrunc status=none`;
    await shell(this.root, again);
    return grandsire(this.root, 'staging', 'flush');
  }

  verify(): Promise<Measured> {
    return grandsire(this.root, 'verify', this.#cartridge);
  }
}

const configuration = ({ portal, target }: TgtLibrary): string => `state: ./state
staging: { path: ./staging, size: 8GiB, segmentSize: ${segmentBytes} }
libraries:
  main: { driver: iscsi, portal: '${portal}', target: '${target}' }
pools:
  scratch: {}
  daily: { draw: scratch, protect: 2 weeks }
sets:
  data: { include: [./source], pool: daily }
`;

const grandsire = (cwd: string, ...argv: string[]): Promise<Measured> =>
  runProcess([process.execPath, program, ...argv], { cwd, exitCodes: [0, 3] });
const shell = (cwd: string, script: string): Promise<Measured> => runProcess(['bash', '-c', script], { cwd });

interface Work {
  readonly name: string;
  readonly ours: () => Promise<Measured>;
  readonly peer: () => Promise<Measured>;
  readonly next: () => Promise<Measured>;
}

/** Ours and the peer in turn, and each time ours with next to nothing to move. */
async function measure({ name, ours, peer, next }: Work): Promise<void> {
  const fixed: Measured[] = [];
  const results = await interleave(rounds, ours, async () => {
    fixed.push(await next());
    return peer();
  });
  // The first round does not count.
  fixed.shift();
  const times = results.ours.map((run, index) => ({
    ours: run.seconds,
    peer: results.peer[index]?.seconds ?? 0,
    fixed: fixed[index]?.seconds ?? 0,
  }));
  const whole = median(times.map(({ ours: our, peer: theirs }) => theirs / our));
  const moving = median(times.map(({ ours: our, peer: theirs, fixed: none }) => theirs / (our - none)));
  const cells = [results.ours, fixed, results.peer].map((runs) => `${seconds(runs).toFixed(2)} s`);
  process.stdout.write(`| ${name} | ${cells.join(' | ')} | ${whole.toFixed(2)} × | ${moving.toFixed(2)} × |\n`);
}

async function main(): Promise<void> {
  const root = mkdtempSync('/dev/shm/grandsire-iscsi-');
  try {
    execFileSync('cc', ['-O2', '-o', join(root, 'peer'), peerSource, '-liscsi']);
    mkdirSync(join(root, 'library'));
    await using library = await TgtLibrary.start({
      folder: join(root, 'library'),
      cartridges: ['T00001L8', 'T00002L8', 'T00003L8'],
      capacityMiB: 4096,
    });
    const large = await Station.create(join(root, 'large'), library, {
      cartridge: 'T00001L8',
      files: 16,
      fileBytes: 128 * mib,
    });
    const small = await Station.create(join(root, 'small'), library, {
      cartridge: 'T00003L8',
      files: 1,
      fileBytes: mib,
    });
    // The peer has the second drive and the second cartridge to itself.
    await grandsire(large.root, 'drive', 'load', 'T00002L8', '--drive', '2');
    const url = `iscsi://${library.portal}/${library.target}/2`;
    const peer = (...argv: string[]) => runProcess([join(root, 'peer'), url, ...argv], { cwd: root });
    await measure({
      name: 'write 2 GiB of staged segments over iSCSI (`staging flush`)',
      ours: () => large.flush(),
      peer: () => peer('write', String(blockBytes), ...large.segments),
      next: () => small.flush(),
    });
    await measure({
      name: 'read and check them (`verify`)',
      ours: () => large.verify(),
      peer: () => peer('read', String(blockBytes), String(large.segments.length)),
      next: () => small.verify(),
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await main();
