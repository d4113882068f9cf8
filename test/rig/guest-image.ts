import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { packKernel } from '#test/rig/guest-kernel';
import { toolPath } from '#test/rig/rig-tools';

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly rootFileSystem: string;
  /** The guest as it was when it had started, for `-incoming`; absent until somebody saved it. */
  readonly savedState: string;
}

/** What the guest has besides the smallest Debian. */
const packages = ['kmod', 'iproute2', 'open-iscsi', 'mtx', 'mt-st', 'sg3-utils', 'lsscsi', 'zstd', 'udev'];

const scriptFolder = join(import.meta.dirname, '../../../test/rig/guest');
const script = (name: string): string => readFileSync(join(scriptFolder, name), 'utf8');

/** Outside of the tree: building it takes a minute, and it serves until what it is made of changes. */
const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'grandsire-rig');

/** The guest's kernel and disks, built from Debian packages (as root) where this machine has not built them before. */
export function guestImage(): GuestImage {
  const sources = [...packages, script('init.sh'), script('agent.sh'), suite(), kernelPackage()].join('\0');
  const name = `guest-${createHash('sha256').update(sources).digest('hex').slice(0, 16)}`;
  const folder = join(cacheFolder(), name);
  if (!existsSync(folder)) {
    mkdirSync(cacheFolder(), { recursive: true });
    const draft = mkdtempSync(join(cacheFolder(), 'draft-'));
    try {
      build(draft);
      renameSync(draft, folder);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return {
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd.gz'),
    rootFileSystem: join(folder, 'root.ext4'),
    savedState: join(folder, 'state.zst'),
  };
}

function build(folder: string): void {
  const root = join(folder, 'root');
  const include = `--include=${packages.join(',')}`;
  run(toolPath('debootstrap'), ['--variant=minbase', include, suite(), root, mirror()]);
  copyFileSync(join(scriptFolder, 'agent.sh'), join(root, 'sbin/agent'));
  run('chmod', ['755', join(root, 'sbin/agent')]);
  for (const path of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale']) {
    rmSync(join(root, path), { recursive: true, force: true });
  }
  const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', root];
  run(toolPath('mke2fs'), [...options, join(folder, 'root.ext4'), `${sizeMiB(root) + 100}M`]);
  rmSync(root, { recursive: true });

  const unpacked = join(folder, 'kernel');
  mkdirSync(unpacked);
  run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', kernelPackage()], folder);
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new RangeError(`apt-get downloaded no ${kernelPackage()}`);
  run('dpkg-deb', ['-x', archive, unpacked], folder);
  packKernel(unpacked, { init: script('init.sh'), folder });
  rmSync(unpacked, { recursive: true });
  rmSync(join(folder, archive));
}

function run(program: string, parameters: readonly string[], folder?: string): string {
  return execFileSync(program, parameters, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

const sizeMiB = (folder: string): number => Number.parseInt(run('du', ['-sm', folder]), 10);

/** Debian's release and archive as `apt` of this machine knows them. */
const suite = (): string => /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';

function mirror(): string {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Component: main'];
  const addresses = run('apt-get', ['indextargets', ...format]).split('\n');
  const found = addresses.find((address) => address && !address.includes('security'));
  if (found === undefined) throw new RangeError('apt knows no archive of Debian');
  return found;
}

function kernelPackage(): string {
  const found = /Depends: (linux-image-\S+)/.exec(run('apt-cache', ['depends', 'linux-image-amd64']));
  if (!found?.[1]) throw new RangeError('apt knows no kernel: apt-get update');
  return found[1];
}
