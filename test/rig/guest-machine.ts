import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { GuestImage } from '#test/rig/guest-image';
import { toolPath } from '#test/rig/rig-tools';

export interface MachineOptions {
  /** Of 127.0.0.1, reached in the guest as port 3260 of 10.0.2.100; it reaches nothing else. */
  readonly port?: number;
  /** A saved state to begin with, rather than booting. */
  readonly state?: string;
}

/** An emulated computer that runs until it is disposed. */
export class GuestMachine implements AsyncDisposable {
  /** The agent in the guest. */
  readonly control: Line;
  /** QEMU itself. */
  readonly monitor: Line;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(
    folder: string,
    process: ChildProcess,
    lines: { readonly control: Line; readonly monitor: Line },
  ) {
    this.#folder = folder;
    this.#process = process;
    this.control = lines.control;
    this.monitor = lines.monitor;
  }

  static async start(image: GuestImage, options: MachineOptions): Promise<GuestMachine> {
    const folder = mkdtempSync(join(tmpdir(), 'grandsire-guest-'));
    const listen = (name: string) => createServer().listen(join(folder, name));
    const servers = { control: listen('control'), monitor: listen('monitor') };
    // Ends with this process, however that ends.
    const command = ['--pdeathsig', 'KILL', toolPath('qemu-system-x86_64'), ...parametersOf(image, options, folder)];
    const process = spawn('setpriv', command, { stdio: ['ignore', 'inherit', 'inherit'] });
    const [control, monitor] = await Promise.all([
      Line.accept(servers.control, process),
      Line.accept(servers.monitor, process),
    ]);
    return new GuestMachine(folder, process, { control, monitor });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    this.control.close();
    this.monitor.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Software emulation: machines that build in the cloud rarely have another, and a tape needs none. */
function parametersOf(image: GuestImage, { port, state }: MachineOptions, folder: string): readonly string[] {
  const forward =
    port === undefined ? '' : `,guestfwd=tcp:10.0.2.100:3260-cmd:${toolPath('socat')} - TCP:127.0.0.1:${port}`;
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '768'],
    ...['-nodefaults', '-nographic', '-no-reboot', '-kernel', image.kernel, '-initrd', image.initrd],
    ...['-append', 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on'],
    ...['-serial', `file:${join(folder, 'console')}`],
    ...['-drive', `file=${image.rootFileSystem},format=raw,if=virtio,readonly=on`],
    ...['-netdev', `user,id=net,restrict=on${forward}`, '-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=control,path=${join(folder, 'control')}`],
    ...['-device', 'virtserialport,chardev=control,name=control'],
    ...['-qmp', `unix:${join(folder, 'monitor')}`],
    ...(state === undefined ? [] : ['-incoming', `exec:${toolPath('zstd')} -dcq ${state}`]),
  ];
}

/** A connection of the machine to us, by lines. */
class Line {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async accept(server: Server, machine: ChildProcess): Promise<Line> {
    const controller = new AbortController();
    const ended = () => controller.abort();
    machine.once('exit', ended);
    try {
      const [socket] = await once(server, 'connection', { signal: controller.signal });
      return new Line(socket);
    } catch (error) {
      throw new RangeError('QEMU ended', { cause: error });
    } finally {
      machine.off('exit', ended);
      server.close();
    }
  }

  write(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  async next(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new RangeError('the guest is gone');
    return value;
  }

  close(): void {
    this.#socket.destroy();
  }
}
