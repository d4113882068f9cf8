import { existsSync, renameSync } from 'node:fs';
import { type GuestImage, guestImage } from '#test/rig/guest-image';
import { GuestMachine } from '#test/rig/guest-machine';
import { type RigTool, toolPath } from '#test/rig/rig-tools';

export const guestTools: readonly RigTool[] = [
  'qemu-system-x86_64',
  'socat',
  'debootstrap',
  'mke2fs',
  'cpio',
  'busybox',
  'zstd',
];

export interface GuestRun {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * A Linux with the kernel drivers that the one here may lack (st, sg, ch, iSCSI) and Debian's programs, in an emulated computer.
 * Nothing that is done in it lasts.
 */
export class Guest implements AsyncDisposable {
  readonly #machine: GuestMachine;

  private constructor(machine: GuestMachine) {
    this.#machine = machine;
  }

  /** In the guest, port 3260 of 10.0.2.100 is this port of 127.0.0.1 here. Builds what is needed at its first use. */
  static async start(port: number): Promise<Guest> {
    const image = guestImage();
    if (!existsSync(image.savedState)) await saveState(image);
    const guest = new Guest(await GuestMachine.start(image, { port, state: image.savedState }));
    await guest.check(`date -s @${Math.floor(Date.now() / 1000)}`);
    return guest;
  }

  /** Runs a script of bash as root. */
  async run(script: string): Promise<GuestRun> {
    this.#machine.control.write(Buffer.from(script).toString('base64'));
    const [exitCode = '', stdout = '', stderr = ''] = (await this.#machine.control.next()).split(' ');
    return {
      exitCode: Number(exitCode),
      stdout: Buffer.from(stdout, 'base64'),
      stderr: Buffer.from(stderr, 'base64').toString(),
    };
  }

  /** As `run`, for its standard output; throws where the script fails. */
  async check(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(script);
    if (exitCode !== 0) throw new RangeError(`in the guest: exit code ${exitCode}\n${script}\n${stdout}${stderr}`);
    return stdout.toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machine[Symbol.asyncDispose]();
  }
}

/** Boots once, and keeps the state of the machine: to begin there takes two seconds rather than thirteen. */
async function saveState(image: GuestImage): Promise<void> {
  await using machine = await GuestMachine.start(image, {});
  const { control, monitor } = machine;
  if ((await control.next()) !== 'ready') throw new RangeError('the guest did not come up');
  const draft = `${image.savedState}.${process.pid}`;
  const execute = (command: string, parameters: object) =>
    monitor.write(JSON.stringify({ execute: command, arguments: parameters }));
  execute('qmp_capabilities', {});
  execute('migrate-set-capabilities', { capabilities: [{ capability: 'events', state: true }] });
  execute('migrate-set-parameters', { 'max-bandwidth': 10_000_000_000 });
  execute('migrate', { uri: `exec:${toolPath('zstd')} -1 -q -f -o ${draft}` });
  for (let status = ''; status !== 'completed'; ) {
    const { event, data, error } = JSON.parse(await monitor.next());
    if (error !== undefined || data?.status === 'failed') throw new RangeError(JSON.stringify({ error, data }));
    if (event === 'MIGRATION') status = data.status;
  }
  renameSync(draft, image.savedState);
}
