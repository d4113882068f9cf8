import { loseAfterMediumError } from '#drivers/scsi-tape/lose-place';
import type { DriveParts } from '#drivers/scsi-tape/medium-state';
import { type LostData, readOutcome, type Unforeseen } from '#drivers/scsi-tape/outcomes';
import { isTrouble, type Request } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { bug } from '#src/base/errors';
import type { Cancellable, ReadBlocksOptions, ReadBlocksOutcome, ReadOutcome } from '#src/device/tape-drive';
import { encodeRead6Cdb, maximumTransferLength } from '#src/scsi/tape-read-write';

/** READ(6) of blocks of variable length (SSC-5, READ(6)), one or several at a time. The law is on `TapeDrive`. */
export class BlockReader {
  readonly #parts: DriveParts;
  /** It never answered that it is busy with the one before. */
  #takesSeveral = true;
  /** The last call of `readBlocks`, while it lasts. */
  #underWay: Promise<ReadBlocksOutcome> | undefined;
  /** Calls of `readBlocks` so far. */
  #calls = 0;

  constructor(parts: DriveParts) {
    this.#parts = parts;
  }

  async readBlock(buffer: Uint8Array, { signal }: Cancellable = {}): Promise<ReadOutcome> {
    const { unit } = this.#parts;
    unit.requirePlace('read');
    const request = this.#request(buffer, signal);
    const answer = await unit.send(request);
    if (isTrouble(answer)) return answer;
    const atBeginning = unit.count.place.block === 0n;
    return this.#after(request, readOutcome(answer, { requestedBytes: bytesOf(request), atBeginning }));
  }

  readBlocks(buffers: readonly Uint8Array[], options: ReadBlocksOptions = {}): Promise<ReadBlocksOutcome> {
    this.#calls += 1;
    const outcome = this.#readBehind(this.#underWay, buffers, options);
    this.#underWay = outcome;
    const over = (): void => {
      if (this.#underWay === outcome) this.#underWay = undefined;
    };
    outcome.then(over, over);
    return outcome;
  }

  async #readBehind(
    before: Promise<ReadBlocksOutcome> | undefined,
    buffers: readonly Uint8Array[],
    { signal, onBlock }: ReadBlocksOptions,
  ): Promise<ReadBlocksOutcome> {
    const call = this.#calls;
    const blocks: Uint8Array[] = [];
    const put = (block: Uint8Array): void => {
      blocks.push(block);
      onBlock?.(block);
    };
    let stop: ReadBlocksOutcome['stop'];
    if (!this.#takesSeveral) {
      stop = (await before)?.stop ?? (await this.#inTurn(buffers, put, signal));
      return { blocks, stop };
    }
    const { unit } = this.#parts;
    // While the one before lasts it is for that one to say that the place was lost.
    if (!before) unit.requirePlace('read');
    const requests = buffers.map((buffer) => this.#request(buffer, signal));
    const atBeginning = !before && unit.count.place.block === 0n;
    let index = -1;
    for await (const answer of unit.sendTogether(requests, before)) {
      index += 1;
      // What stopped those before stops these, too: they were carried out somewhere behind it.
      stop ??= (await before)?.stop;
      if (stop) {
        if (answer && isTrouble(answer)) unit.raise(answer);
        continue;
      }
      // The one behind it read its block, and a drive that takes one at a time is asked for one at a time.
      if (answer === undefined) this.#takesSeveral = false;
      else if (isTrouble(answer)) stop = answer;
      else {
        const [request, buffer] = [requests[index] as Request, buffers[index] as Uint8Array];
        const isFirst = atBeginning && blocks.length === 0;
        const outcome = readOutcome(answer, { requestedBytes: bytesOf(request), atBeginning: isFirst });
        const result = this.#after(request, outcome);
        if (result.kind === 'block') put(buffer.subarray(0, result.bytes));
        else {
          stop = result;
          // Those behind it were carried out, too.
          unit.count.losePlace();
        }
      }
    }
    // The commands of a call behind this one have read what this one was to read.
    const isLast = call === this.#calls;
    if (!stop && blocks.length === 0 && isLast) stop = await this.#inTurn(buffers, put, signal);
    return { blocks, stop };
  }

  async #inTurn(
    buffers: readonly Uint8Array[],
    put: (block: Uint8Array) => void,
    signal: AbortSignal | undefined,
  ): Promise<ReadBlocksOutcome['stop']> {
    for (const buffer of buffers) {
      const outcome = await this.readBlock(buffer, { signal });
      if (outcome.kind !== 'block') return outcome;
      put(buffer.subarray(0, outcome.bytes));
    }
    return undefined;
  }

  #request(buffer: Uint8Array, signal: AbortSignal | undefined): Request {
    if (buffer.length < 1 || buffer.length > maximumTransferLength)
      throw bug(`a read buffer of ${buffer.length} bytes`);
    // A buffer larger than one transfer can be is used as far as it goes; no block of ours is larger than that.
    const target = buffer.subarray(0, Math.min(buffer.length, this.#parts.unit.transport.maxTransferBytes));
    // SILI stays 0: with it, a block longer than the buffer would be cut without a word (SSC-5, READ(6)).
    return {
      cdb: encodeRead6Cdb({ fixed: false, transferLength: target.length }),
      data: { direction: 'in', buffer: target },
      timeout: timeLimits.transfer,
      signal,
    };
  }

  #after(request: Request, outcome: ReadOutcome | LostData | Unforeseen): ReadOutcome {
    const { unit, abilities } = this.#parts;
    switch (outcome.kind) {
      case 'block':
      case 'too-long':
        unit.count.passBlocks(1n);
        return outcome;
      case 'filemark':
        unit.count.passFilemark();
        return outcome;
      case 'end-of-data':
      case 'blank':
        unit.count.endHere();
        return outcome;
      case 'end-of-medium':
        unit.count.losePlace();
        return outcome;
      case 'medium-error':
        loseAfterMediumError(unit, abilities);
        return outcome;
      case 'attention':
        unit.lose();
        return outcome;
      case 'data-lost':
        throw unit.dataLost(outcome);
      case 'unforeseen':
        throw unit.failure(request, outcome.sense);
    }
  }
}

const bytesOf = ({ data }: Request): number => (data?.direction === 'in' ? data.buffer.length : 0);
