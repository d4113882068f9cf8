import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createExtractor } from '#src/archive/extract/extractor';
import { TarFile, versionsOf } from '#test/support/tar-streams';

// Restoring from a staged segment against `tar -x` of the same, everything on tmpfs, interleaved, medians.
// Usage: node dist/test/bench/extract.bench.js [files] [rounds]
const [files = 100_000, rounds = 5] = process.argv.slice(2).map(Number);

interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

function makeSource(folder: string): void {
  for (let index = 0; index < files; index++) {
    const directory = join(folder, 'tree', `d${Math.floor(index / 1000)}`);
    if (index % 1000 === 0) mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `file-${index}`), Buffer.alloc(1024 + ((index * 7919) % 15_361), index));
  }
  mkdirSync(join(folder, 'large'));
  for (let index = 0; index < 8; index++) {
    writeFileSync(join(folder, 'large', `file-${index}`), Buffer.alloc(128 * 1024 * 1024, index + 1));
  }
}

async function restore(path: string, to: string): Promise<Times> {
  using tar = new TarFile(path);
  await using walked = tar.stream();
  const versions = await versionsOf(walked);
  const started = process.cpuUsage();
  const startedAt = performance.now();
  await using stream = tar.stream();
  using extractor = createExtractor({
    directory: to,
    overwrite: false,
    onFailed: ({ message }) => process.stdout.write(`${message}\n`),
  });
  for (const version of versions) {
    await stream.seek(version);
    await extractor.extract(stream, version);
  }
  await extractor.finish();
  const { user, system } = process.cpuUsage(started);
  return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
}

/** `tar -x` by the shell's `time`, which knows the processor's share: with other load beside it that is what compares. */
function restoreByTar(path: string, to: string): Times {
  const { stderr } = spawnSync('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time tar -C "$0" -xpf "$1"', to, path], {
    encoding: 'utf8',
  });
  const [wall = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const folder = mkdtempSync('/dev/shm/bench-extract-');
try {
  makeSource(folder);
  for (const name of ['tree', 'large']) {
    const archive = join(folder, `${name}.tar`);
    const to = join(folder, 'to');
    execFileSync('tar', ['--posix', '-C', folder, '-cf', archive, name]);
    const [ours, peer]: [Times[], Times[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      ours.push(await restore(archive, to));
      rmSync(to, { recursive: true });
      mkdirSync(to);
      peer.push(restoreByTar(archive, to));
      rmSync(to, { recursive: true });
    }
    for (const key of ['wallMs', 'cpuMs'] as const) {
      const [a, b] = [ours, peer].map((times) => median(times.map((time) => time[key])));
      process.stdout.write(
        `${name} ${key}: ${a?.toFixed(0)}, tar -x ${b?.toFixed(0)}, ratio ${((a ?? 0) / (b ?? 1)).toFixed(2)}\n`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
