import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { toolPath } from '#test/rig/rig-tools';

const run = promisify(execFile);

export interface TgtDaemon {
  readonly pid: number;
  readonly port: number;
  /** Parameters of `tgtadm`, without those that say which daemon. */
  administer(...parameters: readonly string[]): Promise<string>;
  /** Has it delete its target and end, which it does not do at SIGTERM; SIGKILL where it does not. */
  end(): Promise<void>;
  /** SIGKILL: what a power cut is to a library. */
  kill(): Promise<void>;
}

export interface TgtDaemonOptions {
  /** For its control socket and its log. */
  readonly folder: string;
  /** 0: a free one. */
  readonly port: number;
  /** Outlives the process that started it; else it dies with that. */
  readonly detached: boolean;
}

/** One attempt more than anybody has needed: between the choice of a free port and its use another may take it. */
const attempts = 5;

/** Starts a `tgtd` of its own on loopback. */
export async function startTgtDaemon(options: TgtDaemonOptions): Promise<TgtDaemon> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(options.port === 0 ? await freePort() : options.port, options);
    } catch (error) {
      if (options.port !== 0 || attempt === attempts) throw error;
    }
  }
}

/** The daemon that another process left in this folder; undefined where it does not run (any more). */
export function findTgtDaemon(folder: string, { pid, port }: Pick<TgtDaemon, 'pid' | 'port'>): TgtDaemon | undefined {
  return isOurs(pid, folder) ? daemonOf(pid, { folder, port, gone: () => untilGone(pid, folder) }) : undefined;
}

async function startOn(port: number, { folder, detached }: TgtDaemonOptions): Promise<TgtDaemon> {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.startsWith('ctl.')) rmSync(join(folder, name));
  const log = openSync(join(folder, 'tgtd.log'), 'a');
  const command = [toolPath('tgtd'), '-f', '-C', controlPort(port), '--iscsi', `portal=127.0.0.1:${port}`];
  // A test that is killed leaves no daemon behind.
  const [program = '', ...parameters] = detached ? command : ['setpriv', '--pdeathsig', 'KILL', ...command];
  const child = spawn(program, parameters, { stdio: ['ignore', log, log], env: environment(folder), detached });
  closeSync(log);
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const { pid } = child;
  if (pid === undefined) throw new RangeError(`${program} could not be started: ${await exited.catch(String)}`);
  child.unref();
  const gone = async () => {
    child.ref();
    await exited;
  };
  const daemon = daemonOf(pid, { folder, port, gone });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  // Where the port is taken, tgtd either ends or runs on without a portal.
  if (await untilAnswering(daemon, hasEnded)) return daemon;
  await daemon.kill();
  throw new RangeError(`tgtd did not come up on port ${port}: ${readFileSync(join(folder, 'tgtd.log'), 'utf8')}`);
}

interface Whereabouts {
  readonly folder: string;
  readonly port: number;
  readonly gone: () => Promise<unknown>;
}

function daemonOf(pid: number, { folder, port, gone }: Whereabouts): TgtDaemon {
  const administer: TgtDaemon['administer'] = async (...parameters) => {
    const all = ['-C', controlPort(port), '--lld', 'iscsi', ...parameters];
    return (await run(toolPath('tgtadm'), all, { env: environment(folder), timeout: 10_000 })).stdout;
  };
  const kill = async () => {
    if (isOurs(pid, folder)) process.kill(pid, 'SIGKILL');
    await gone();
  };
  return {
    pid,
    port,
    administer,
    kill,
    end: async () => {
      try {
        await administer('--mode', 'target', '--op', 'delete', '--force', '--tid', '1');
        await administer('--mode', 'sys', '--op', 'delete');
      } catch {
        await kill();
      }
      await gone();
    },
  };
}

/** Any number in 0…32767 will do: the socket lies in a folder of its own. */
const controlPort = (port: number): string => String(port % 32_768);

const environment = (folder: string) => ({ ...process.env, TGT_IPC_SOCKET: join(folder, 'ctl') });

/** A pid may by now be another's: ours has the name and the control socket of this folder. */
function isOurs(pid: number, folder: string): boolean {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return (name === 'tgtd' || name === 'setpriv') && variables.includes(`TGT_IPC_SOCKET=${join(folder, 'ctl')}`);
  } catch {
    return false;
  }
}

async function untilGone(pid: number, folder: string): Promise<void> {
  while (isOurs(pid, folder)) await wait(20);
}

async function untilAnswering(daemon: TgtDaemon, hasEnded: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 250 && !hasEnded(); attempt++) {
    const portals = await daemon.administer('--mode', 'portal', '--op', 'show').catch(() => '');
    if (portals.includes(`:${daemon.port}`) && (await isListening(daemon.port))) return true;
    await wait(20);
  }
  return false;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server without a port');
  return address.port;
}
