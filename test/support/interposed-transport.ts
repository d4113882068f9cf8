import type { DataPhase, ExecuteOptions, ScsiResult, ScsiTransport } from '#src/device/scsi-transport';

export type Interposition = (
  pass: (cdb?: Uint8Array, data?: DataPhase) => Promise<ScsiResult>,
  command: { readonly cdb: Uint8Array; readonly data: DataPhase },
) => Promise<ScsiResult>;

/** CHECK CONDITION with this sense data; the command does not reach the device. */
export const answerWith =
  (sense: Uint8Array): Interposition =>
  async () => ({ status: 0x02, sense, transferredBytes: 0 });

/** A way to a real device into which a test steps when it likes: for one command, or for all of an operation code. */
export class InterposedTransport implements ScsiTransport {
  readonly #inner: ScsiTransport;
  readonly #once: { readonly operationCode: number; readonly act: Interposition }[] = [];
  readonly #always = new Map<number, Interposition>();

  constructor(inner: ScsiTransport) {
    this.#inner = inner;
  }

  get address(): string {
    return this.#inner.address;
  }

  get maxTransferBytes(): number {
    return this.#inner.maxTransferBytes;
  }

  /** How many of the single interpositions have not been met yet. */
  get waiting(): number {
    return this.#once.length;
  }

  once(operationCode: number, act: Interposition): void {
    this.#once.push({ operationCode, act });
  }

  always(operationCode: number, act: Interposition): this {
    this.#always.set(operationCode, act);
    return this;
  }

  async execute(cdb: Uint8Array, data: DataPhase, options: ExecuteOptions): Promise<ScsiResult> {
    const pass = (otherCdb = cdb, otherData = data) => this.#inner.execute(otherCdb, otherData, options);
    const index = this.#once.findIndex(({ operationCode }) => operationCode === cdb[0]);
    const [single] = index < 0 ? [] : this.#once.splice(index, 1);
    const act = single?.act ?? this.#always.get(cdb[0] ?? -1);
    return act ? await act(pass, { cdb, data }) : await pass();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
