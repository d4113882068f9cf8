import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleave, type Measured, median, runProcess } from '#test/bench/measure';
import { makeTree } from '#test/bench/workspace';
import { TgtLibrary } from '#test/rig/tgt-library';

/*
 * node dist/test/bench/iscsi.bench.js: 2 GiB of staged segments to a cartridge of tgt over iSCSI and back, whole processes, against a bare loop of the
 * same blocks through libiscsi (compiled here: needs libiscsi-dev), in one interleaved run. Everything lies in memory. Prints rows of docs/performance.md.
 */

const rounds = 5;
const files = 16;
const fileBytes = 128 * 2 ** 20;
const segmentBytes = 256 * 2 ** 20;
const blockBytes = 512 * 1024;
const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const peerSource = fileURLToPath(new URL('../../../test/bench/libiscsi-loop.c', import.meta.url));

interface Row {
  readonly work: string;
  readonly results: { readonly ours: readonly Measured[]; readonly peer: readonly Measured[] };
}

const seconds = (runs: readonly Measured[]): number => median(runs.map((run) => run.seconds));

/** The higher, the better: the peer's time divided by ours, pair by pair. */
const throughput = ({ ours, peer }: Row['results']): number =>
  median(ours.map((run, index) => (peer[index]?.seconds ?? 0) / run.seconds));

function configure(root: string, { portal, target }: TgtLibrary): void {
  const yaml = `state: ./state
staging: { path: ./staging, size: 8GiB, segmentSize: ${segmentBytes} }
libraries:
  main: { driver: iscsi, portal: '${portal}', target: '${target}' }
pools:
  scratch: {}
  daily: { draw: scratch, protect: 2 weeks }
sets:
  data: { include: ['${join(root, 'source')}'], pool: daily }
`;
  writeFileSync(join(root, 'grandsire.yaml'), yaml);
}

async function measure(root: string, library: TgtLibrary): Promise<readonly Row[]> {
  const grandsire = (...argv: string[]): Promise<Measured> =>
    runProcess([process.execPath, program, ...argv], { cwd: root, exitCodes: [0, 3] });
  const shell = (script: string): Promise<Measured> => runProcess(['bash', '-c', script], { cwd: root });
  const url = `iscsi://${library.portal}/${library.target}/2`;
  const peer = (...argv: string[]): Promise<Measured> => runProcess([join(root, 'peer'), url, ...argv], { cwd: root });

  await grandsire('library', 'inventory');
  await grandsire('cartridge', 'label', 'T00001L8', 'T00002L8', '--yes');
  await grandsire('backup', 'run', 'data', '--stage-only', '--level', 'full');
  await shell('cp -a state staging-state && cp -al staging staged && cp library/media/T00001L8 blank');
  // The peer has the second drive and the second cartridge to itself.
  await grandsire('drive', 'load', 'T00002L8', '--drive', '2');
  const segments = readdirSync(join(root, 'staged'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.segment'))
    .map((name) => join(root, 'staged', name))
    .sort();
  const written = await interleave(
    rounds,
    async () => {
      // The cartridge, too, is again what the catalog of this round takes it for.
      await shell(
        'rm -rf state staging && cp -a staging-state state && cp -al staged staging && cp blank library/media/T00001L8',
      );
      return grandsire('staging', 'flush');
    },
    () => peer('write', String(blockBytes), ...segments),
  );
  const read = await interleave(
    rounds,
    () => grandsire('verify', 'T00001L8'),
    () => peer('read', String(blockBytes), String(segments.length)),
  );
  return [
    { work: 'write 2 GiB of staged segments over iSCSI (tgt)', results: written },
    { work: 'read and check them (`verify`)', results: read },
  ];
}

async function main(): Promise<void> {
  const root = mkdtempSync('/dev/shm/grandsire-iscsi-');
  try {
    execFileSync('cc', ['-O2', '-o', join(root, 'peer'), peerSource, '-liscsi']);
    makeTree(join(root, 'source'), { files, least: fileBytes, most: fileBytes });
    mkdirSync(join(root, 'library'));
    await using library = await TgtLibrary.start({
      folder: join(root, 'library'),
      cartridges: ['T00001L8', 'T00002L8'],
      capacityMiB: 4096,
    });
    configure(root, library);
    for (const { work, results } of await measure(root, library)) {
      const [ours, peer] = [seconds(results.ours).toFixed(2), seconds(results.peer).toFixed(2)];
      process.stdout.write(
        `| ${work} | ≥ 0.9 × libiscsi | ${ours} s | ${peer} s | ${throughput(results).toFixed(2)} × |\n`,
      );
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

await main();
