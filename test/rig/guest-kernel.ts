import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { toolPath } from '#test/rig/rig-tools';

/** In this order: the disk, the root file system, the host's ports and network, SCSI over iSCSI and its tapes and changers. */
const wantedModules = [
  'virtio_pci',
  'virtio_blk',
  'crc32c_generic',
  'crc32c_intel',
  'ext4',
  'overlay',
  'virtio_console',
  'virtio_net',
  'iscsi_tcp',
  'sg',
  'st',
  'ch',
];

const applets = ['sh', 'mount', 'mkdir', 'insmod', 'sleep', 'switch_root'];

/** Takes kernel and modules out of an unpacked `linux-image` package; writes `vmlinuz` and `initrd.gz` into the folder. */
export function packKernel(
  unpacked: string,
  { init, folder }: { readonly init: string; readonly folder: string },
): void {
  const kernel = readdirSync(join(unpacked, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new RangeError(`${unpacked} has no kernel`);
  copyFileSync(join(unpacked, 'boot', kernel), join(folder, 'vmlinuz'));
  const root = join(folder, 'initrd');
  for (const name of ['bin', 'proc', 'sys', 'dev', 'below', 'above', 'root', 'modules']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  copyFileSync(toolPath('busybox'), join(root, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'init'), init, { mode: 0o755 });
  const modules = inLoadOrder(join(unpacked, 'lib/modules'));
  for (const path of modules) copyFileSync(path, join(root, 'modules', basename(path)));
  writeFileSync(join(root, 'modules/order'), `${modules.map((path) => basename(path)).join('\n')}\n`);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const archive = execFileSync(toolPath('cpio'), ['-o', '-H', 'newc', '--quiet'], {
    cwd: root,
    input: `.\n${names.join('\n')}\n`,
    maxBuffer: 2 ** 28,
  });
  writeFileSync(join(folder, 'initrd.gz'), execFileSync('gzip', ['-1'], { input: archive, maxBuffer: 2 ** 28 }));
  rmSync(root, { recursive: true });
}

/** The wanted modules, each behind those it stands on; the package has no list of that before it is installed. */
function inLoadOrder(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ko'));
  const paths = new Map(files.map((path) => [moduleName(basename(path, '.ko')), join(folder, path)]));
  const ordered = new Set<string>();
  const add = (name: string): void => {
    const path = paths.get(moduleName(name));
    if (path === undefined) throw new RangeError(`the kernel has no module ${name}`);
    if (ordered.has(path)) return;
    for (const below of dependenciesOf(path)) add(below);
    ordered.add(path);
  };
  for (const name of wantedModules) add(name);
  return [...ordered];
}

const moduleName = (name: string): string => name.replaceAll('-', '_');

/** From its section .modinfo: strings ended by NUL, among them `depends=a,b`. */
function dependenciesOf(path: string): readonly string[] {
  const text = readFileSync(path, 'latin1');
  const match = /\0depends=([^\0]*)\0/.exec(text);
  return (match?.[1] ?? '').split(',').filter(Boolean);
}
