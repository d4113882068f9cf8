import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../test/soak/checker/checker.py', import.meta.url));

export interface CheckRequest {
  /** What the program's clock said. */
  readonly now: number;
  /** The last command used the library and ended well: everything must be in its place. */
  readonly settled?: boolean;
  /** The catalog was lost, and is being rebuilt. */
  readonly suspended?: boolean;
}

export interface Finding {
  readonly code: string;
  readonly subject: string;
  readonly message: string;
}

/** What the checker saw, for whoever decides what to do next. */
export interface View {
  readonly cartridges: readonly {
    readonly barcode: string;
    readonly blank: boolean;
    /** Nothing of ours can be read on it, and it is not empty either: who does not know that a label was begun there takes it for a stranger's. */
    readonly torn: boolean;
    /** Milliseconds since 1970: protected before, free from then on. */
    readonly freeAt: number;
    /** `slot:5`, `drive:1`, `mail:1`, `outside`. */
    readonly place: string;
  }[];
  /** Complete, and all of it can be had. */
  readonly dataSets: readonly { readonly dataSet: string; readonly set: string; readonly tree: string }[];
  /** Segments in staging. */
  readonly staged: number;
}

export interface CheckAnswer {
  readonly findings: readonly Finding[];
  readonly checked: Readonly<Record<string, number>>;
  readonly view: View;
}

/** The checker, which remembers what it saw from one look to the next. */
export class CheckerProcess implements Disposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #complaints = '';

  constructor(folder: string) {
    this.#process = spawn('python3', ['-B', script, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdout, stderr } = this.#process;
    if (!stdout || !stderr) throw new RangeError('the checker has no pipes');
    stderr.on('data', (chunk: Buffer) => (this.#complaints += chunk));
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async check(request: CheckRequest): Promise<CheckAnswer> {
    this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new RangeError(`the checker ended: ${this.#complaints}`);
    return JSON.parse(value);
  }

  [Symbol.dispose](): void {
    this.#process.stdin?.end();
  }
}
