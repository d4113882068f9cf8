import { readFile, stat, statfs } from 'node:fs/promises';
import { GrandsireError } from '#src/base/errors';

/** `f_type` of statfs(2), by the kernel's linux/magic.h; all whose locks or shared memory are not those of one machine. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'CephFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
]);

const fuse = 0x65735546;
/** FUSE is a local disk as often as not (NTFS, overlays of containers), so there the name of the file system decides. */
const networkFuse =
  /^fuse\.(sshfs|s3fs|rclone|glusterfs|davfs|curlftpfs|ceph-fuse|ceph|gcsfuse|smbnetfs|goofys|juicefs|seaweedfs|moosefs|lizardfs)$/;

export interface FileSystemProbe {
  /** `f_type`. */
  type(path: string): Promise<number>;
  /** Name as in /proc/self/mountinfo, where it is to be had. */
  mountedAs(path: string): Promise<string | undefined>;
}

/** SQLite's locks and the WAL's shared memory need one kernel: on a network file system two machines would destroy the catalog. */
export async function assertLocalFileSystem(folder: string, probe: FileSystemProbe = systemProbe): Promise<void> {
  const type = (await probe.type(folder)) >>> 0;
  const name =
    type === fuse ? networkFuse.exec((await probe.mountedAs(folder)) ?? '')?.[1] : networkFileSystems.get(type);
  if (name === undefined) return;
  throw new GrandsireError('catalog.network-file-system', {
    message: `the catalog's folder ${folder} lies on a network file system (${name}), where locks cannot be relied upon`,
    remedy: `Set 'state:' in grandsire.yaml to a folder on a local disk, and move what is in ${folder} there: 'mv ${folder} /var/lib/grandsire'.`,
    details: { folder, fileSystem: name },
  });
}

const systemProbe: FileSystemProbe = {
  type: async (path) => (await statfs(path)).type,
  async mountedAs(path) {
    const { dev } = await stat(path);
    const major = ((dev >>> 8) & 0xfff) >>> 0;
    const minor = ((dev & 0xff) | ((dev >>> 12) & 0xfff00)) >>> 0;
    const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
    const mount = lines.find((line) => line.split(' ')[2] === `${major}:${minor}`);
    return / - (\S+) /.exec(mount ?? '')?.[1];
  },
};
