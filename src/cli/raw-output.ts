import { GrandsireError, throwIfAborted } from '#src/base/errors';
import type { Context } from '#src/cli/context';

/** Where raw bytes go: a new file, or standard output. Not finished when it is disposed, a file is removed again. */
export interface RawOutput extends AsyncDisposable {
  /** Undefined for standard output. */
  readonly path: string | undefined;
  /** Returns when the bytes may be overwritten. `closed`: nobody reads any more. */
  write(bytes: Uint8Array): Promise<'written' | 'closed'>;
  /** Returns when what was written so far stays, whatever happens to the machine. */
  sync(): Promise<void>;
  /** Everything is there, and stays. */
  finish(): Promise<void>;
}

/** Throws `command.usage` where standard output is a terminal or is to carry JSON, `command.out-exists`, `command.out-not-written`. */
export async function openRawOutput(context: Context, out: string | undefined): Promise<RawOutput> {
  return out === undefined ? openStandardOutput(context) : openOutputFile(context, out);
}

function openStandardOutput({ stdout, signal, json }: Context): RawOutput {
  if (json || ('isTTY' in stdout && stdout.isTTY === true)) {
    throw new GrandsireError('command.usage', {
      message: `raw bytes are not written ${json ? 'into a JSON document' : 'to a terminal'}`,
      remedy: 'Write them to a file with `--out FILE`, or to another program: `… | tar -tv`.',
    });
  }
  return {
    path: undefined,
    async write(bytes) {
      throwIfAborted(signal);
      return await new Promise((resolve, reject) => {
        // A reader that does not read must not keep an interrupted command from putting the cartridge back.
        const onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        stdout.write(bytes, (error?: Error | null) => {
          signal.removeEventListener('abort', onAbort);
          if (!error) resolve('written');
          else if ((error as NodeJS.ErrnoException).code === 'EPIPE') resolve('closed');
          else reject(notWritten('standard output', error));
        });
      });
    },
    sync: async () => undefined,
    finish: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A file that is not there yet. Throws `command.out-exists`, `command.out-not-written`. */
export async function openOutputFile({ folder }: Pick<Context, 'folder'>, out: string): Promise<RawOutput> {
  const { open, unlink } = await import('node:fs/promises');
  const { resolve } = await import('node:path');
  const path = resolve(folder, out);
  const handle = await open(path, 'wx').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? exists(path) : notWritten(path, cause);
  });
  let finished = false;
  const sync = (): Promise<void> => handle.sync().catch((cause: Error) => Promise.reject(notWritten(path, cause)));
  return {
    path,
    async write(bytes) {
      await handle.appendFile(bytes).catch((cause: Error) => Promise.reject(notWritten(path, cause)));
      return 'written';
    },
    sync,
    async finish() {
      await sync();
      finished = true;
    },
    [Symbol.asyncDispose]: async () => {
      await handle.close();
      if (!finished) await unlink(path);
    },
  };
}

const exists = (path: string): GrandsireError =>
  new GrandsireError('command.out-exists', {
    message: `${path} exists already, and is left as it is`,
    remedy: 'Name another file: `--out FILE`.',
  });

const notWritten = (path: string, cause: Error): GrandsireError =>
  new GrandsireError('command.out-not-written', {
    message: `${path} cannot be written: ${cause.message}`,
    remedy: 'Make room there, or name a file in a folder that exists and that you may write to: `--out FILE`.',
    cause,
  });
