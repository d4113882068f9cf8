import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { interleave, type Measured, median } from '#test/bench/measure';
import { createWorkspace, makeTree, type Workspace } from '#test/bench/workspace';

/*
 * npm run bench [-- small|large|incremental|write|memory …] [--disk DIR]: whole processes, source and staging in memory, against named peers in one
 * interleaved run, medians of five. Prints the table of docs/performance.md. --disk puts everything below DIR, for information.
 */

const rounds = 5;
const gib = 2 ** 30;

interface Row {
  readonly work: string;
  readonly reach: string;
  readonly ours: string;
  readonly peer: string;
  readonly result: string;
}

const seconds = (runs: readonly Measured[]): number => median(runs.map((run) => run.seconds));
const peak = (runs: readonly Measured[]): number => Math.max(...runs.map((run) => run.peakMiB));

/** The median of the ratios pair by pair: a machine that slows down slows both down. */
const ratio = (results: { readonly ours: readonly Measured[]; readonly peer: readonly Measured[] }): number =>
  median(results.ours.map((run, index) => run.seconds / (results.peer[index]?.seconds ?? 1)));

const peerOf = (workspace: Workspace): string =>
  `tar -b 2048 -cf - -C ${workspace.source} . | tee ${workspace.path}/peer.tar | openssl sha256 >/dev/null && sync ${workspace.path}/peer.tar`;

async function stage(workspace: Workspace, work: string, reach: number): Promise<Row> {
  const results = await interleave(
    rounds,
    async () => {
      await workspace.reset();
      return workspace.grandsire('backup', 'run', 'data', '--stage-only', '--level', 'full');
    },
    async () => {
      rmSync(join(workspace.path, 'peer.tar'), { force: true });
      return workspace.shell(peerOf(workspace));
    },
  );
  rmSync(join(workspace.path, 'peer.tar'), { force: true });
  return {
    work,
    reach: `≤ ${reach} × tar, tee, openssl`,
    ours: `${seconds(results.ours).toFixed(2)} s, ${peak(results.ours).toFixed(0)} MiB`,
    peer: `${seconds(results.peer).toFixed(2)} s`,
    result: `${ratio(results).toFixed(2)} ×`,
  };
}

async function incremental(workspace: Workspace): Promise<Row> {
  await workspace.reset();
  await workspace.grandsire('backup', 'run', 'data', '--stage-only', '--level', 'full');
  const results = await interleave(
    rounds,
    () => workspace.grandsire('backup', 'run', 'data', '--stage-only', '--level', 'incremental'),
    () => workspace.shell(`find ${workspace.source} -printf '%p %s %T@ %C@ %i\\n' >/dev/null`),
  );
  const more = median(results.ours.map((run, index) => run.seconds - (results.peer[index]?.seconds ?? 0)));
  return {
    work: 'unchanged tree, incremental, 100,000 files',
    reach: '≤ 1.5 s more than find -printf',
    ours: `${seconds(results.ours).toFixed(2)} s, ${peak(results.ours).toFixed(0)} MiB`,
    peer: `${seconds(results.peer).toFixed(2)} s`,
    result: `${more.toFixed(2)} s more`,
  };
}

/**
 * Staged once; each round begins with a copy of that state (the segments as hard links) and an empty library. In memory there is the staging area and what
 * one of the two wrote, no more: a machine that runs short of memory would be measured instead.
 */
async function write(workspace: Workspace): Promise<Row> {
  const pristine = join(workspace.path, 'pristine');
  await workspace.reset();
  await workspace.grandsire('backup', 'run', 'data', '--stage-only', '--level', 'full');
  rmSync(workspace.source, { recursive: true });
  mkdirSync(pristine);
  for (const name of ['state', 'virtual-library'])
    cpSync(join(workspace.path, name), join(pristine, name), { recursive: true });
  await workspace.shell('cp -al staging pristine/staging');
  const results = await interleave(
    rounds,
    async () => {
      await workspace.shell(
        'rm -rf copied state virtual-library staging && cp -a pristine/state pristine/virtual-library . && cp -al pristine/staging .',
      );
      return workspace.grandsire('staging', 'flush');
    },
    async () => {
      await workspace.shell('rm -rf copied virtual-library && mkdir copied');
      return workspace.shell('cp pristine/staging/*/*.segment copied/ && sync copied/*');
    },
  );
  await workspace.shell('rm -rf copied pristine');
  return {
    work: 'write 4 GiB of staged segments to a virtual cartridge',
    reach: '≤ 1.3 × cp',
    ours: `${seconds(results.ours).toFixed(2)} s, ${peak(results.ours).toFixed(0)} MiB`,
    peer: `${seconds(results.peer).toFixed(2)} s`,
    result: `${ratio(results).toFixed(2)} ×`,
  };
}

async function memory(root: string): Promise<Row> {
  const peaks: number[] = [];
  for (const files of [10_000, 1_000_000]) {
    const source = join(root, `tree-${files}`);
    makeTree(source, { files, least: 1, most: 200 });
    const workspace = await createWorkspace(join(root, `memory-${files}`), source);
    await workspace.reset();
    const { peakMiB } = await workspace.grandsire('backup', 'run', 'data', '--stage-only', '--level', 'full');
    peaks.push(peakMiB);
    rmSync(source, { recursive: true });
    rmSync(workspace.path, { recursive: true });
  }
  const [small = 0, large = 0] = peaks;
  return {
    work: 'peak memory (VmHWM), 10,000 and 1,000,000 files',
    reach: '< 400 MiB, ≤ 60 MiB more',
    ours: `${small.toFixed(0)} and ${large.toFixed(0)} MiB`,
    peer: '',
    result: `${(large - small).toFixed(0)} MiB more`,
  };
}

async function main(argv: readonly string[]): Promise<void> {
  const disk = argv.includes('--disk') ? argv[argv.indexOf('--disk') + 1] : undefined;
  const named = argv.filter((word) => !word.startsWith('--') && word !== disk);
  const wanted = (name: string): boolean => named.length === 0 || named.includes(name);
  const root = mkdtempSync(join(disk ?? '/dev/shm', 'grandsire-bench-'));
  const rows: Row[] = [];
  try {
    const small = join(root, 'small');
    if (wanted('small') || wanted('incremental')) {
      makeTree(small, { files: 100_000, least: 1024, most: 16_384 });
      const workspace = await createWorkspace(join(root, 'work-small'), small);
      if (wanted('small')) rows.push(await stage(workspace, 'stage 100,000 files of 1–16 KiB', 1.25));
      if (wanted('incremental')) rows.push(await incremental(workspace));
      rmSync(small, { recursive: true });
      rmSync(workspace.path, { recursive: true });
    }
    if (wanted('large') || wanted('write')) {
      const large = join(root, 'large');
      makeTree(large, { files: 40, least: (4 * gib) / 40, most: (4 * gib) / 40 });
      const workspace = await createWorkspace(join(root, 'work-large'), large);
      if (wanted('large')) rows.push(await stage(workspace, 'stage 4 GiB in 40 files', 1.0));
      if (wanted('write')) rows.push(await write(workspace));
      rmSync(large, { recursive: true, force: true });
    }
    if (wanted('memory')) rows.push(await memory(root));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  const lines = rows.map(
    ({ work, reach, ours, peer, result }) => `| ${work} | ${reach} | ${ours} | ${peer} | ${result} |`,
  );
  process.stdout.write(`| work | reach | ours | peer | result |\n|---|---|---|---|---|\n${lines.join('\n')}\n`);
}

await main(process.argv.slice(2));
