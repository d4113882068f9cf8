import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs of Debian packages that a rig starts. */
const packageOf = {
  tgtd: 'tgt',
  tgtadm: 'tgt',
  tgtimg: 'tgt',
  'qemu-system-x86_64': 'qemu-system-x86 seabios',
  socat: 'socat',
  debootstrap: 'debootstrap',
  mke2fs: 'e2fsprogs',
  cpio: 'cpio',
  busybox: 'busybox-static',
  zstd: 'zstd',
} as const;

export type RigTool = keyof typeof packageOf;

/** What `TgtLibrary` starts. */
export const tgtTools: readonly RigTool[] = ['tgtd', 'tgtadm', 'tgtimg'];

/** Daemons lie where the PATH of somebody who is not root does not lead. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

/** The path of a program; undefined where it is not installed. */
function findTool(tool: string): string | undefined {
  return folders
    .map((folder) => join(folder, tool))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The path of a program. Throws where it is not installed. */
export function toolPath(tool: RigTool): string {
  const path = findTool(tool);
  if (path === undefined) throw new RangeError(`${tool} is missing: apt-get install ${packageOf[tool]}`);
  return path;
}

/**
 * What `skip` of a test is to be that needs these programs: false where they are there, else the reason. Where everything must be
 * proved (CI=true) there is no skipping: this throws, and the test file fails.
 */
export function skipWithout(tools: readonly RigTool[]): false | string {
  const missing = tools.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return false;
  const packages = [...new Set(missing.map((tool) => packageOf[tool]))];
  const reason = `${missing.join(', ')} missing: apt-get install ${packages.join(' ')}`;
  if (process.env['CI'] === 'true') throw new RangeError(reason);
  return reason;
}
