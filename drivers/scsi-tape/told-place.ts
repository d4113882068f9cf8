import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import type { Request, TapeUnit, Trouble } from '#drivers/scsi-tape/tape-unit';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import { summarizeSense } from '#src/device/execute-command';
import {
  encodeReadPositionCdb,
  parseLongPosition,
  parseShortPosition,
  type ReadPositionForm,
} from '#src/scsi/read-position';
import type { Sense } from '#src/scsi/sense';
import { senseKey } from '#src/scsi/sense-key';

type DrivePlace = { readonly block: bigint; readonly file?: bigint | undefined };

/** What the drive itself says of its place (READ POSITION), in the form that it was found to be honest in. */
export class ToldPlace {
  readonly #unit: TapeUnit;
  readonly #abilities: DriveAbilities;

  constructor(unit: TapeUnit, abilities: DriveAbilities) {
    this.#unit = unit;
    this.#abilities = abilities;
  }

  /** Right after a rewind a drive that knows where it is says: at the beginning. Decided once. */
  async learn(signal: AbortSignal | undefined): Promise<Trouble | undefined> {
    if (!this.#abilities.can('readPosition')) {
      this.#abilities.positionForm = 'none';
      return undefined;
    }
    // The short form first: tgt answers the long one with zeros wherever it stands, and admits in the short one that it does not know.
    let known: 'short' | 'long' | undefined;
    for (const form of ['short', 'long'] as const) {
      const place = await this.#read(form, signal);
      if (this.#unit.lost) return this.#unit.takePending();
      if (place === 'refused') continue;
      if (place === 'unknown' || place.block !== 0n) break;
      known = form;
    }
    this.#abilities.positionForm = known ?? 'none';
    return undefined;
  }

  /** Undefined where it does not tell; where something befell the medium, the place is lost besides. */
  async ask(signal: AbortSignal | undefined): Promise<DrivePlace | undefined> {
    const form = this.#abilities.positionForm;
    const place = await this.#read(form === 'short' ? 'short' : 'long', signal);
    return place === 'refused' || place === 'unknown' ? undefined : place;
  }

  /** A deferred error or attention met here is kept for the command that follows, and the place is lost. */
  async #read(form: ReadPositionForm, signal: AbortSignal | undefined): Promise<DrivePlace | 'refused' | 'unknown'> {
    const buffer = new Uint8Array(32);
    const request: Request = {
      cdb: encodeReadPositionCdb({ form }),
      data: { direction: 'in', buffer },
      timeout: timeLimits.inquiry,
      signal,
    };
    const answer = await this.#unit.sendAside(request);
    if (answer.kind === 'check') return this.#untold(request, answer.sense);
    const data = buffer.subarray(0, answer.transferredBytes);
    if (form === 'long') {
      const { logicalObject, logicalFile, truncated } = parseLongPosition(data);
      return truncated || logicalObject === undefined ? 'unknown' : { block: logicalObject, file: logicalFile };
    }
    const { firstLogicalObject, truncated } = parseShortPosition(data);
    return truncated || firstLogicalObject === undefined ? 'unknown' : { block: firstLogicalObject };
  }

  /** A drive that does not tell its place because something befell the medium: the next command reports what. */
  #untold(request: Request, sense: Sense): 'refused' | 'unknown' {
    switch (sense.key) {
      case senseKey.illegalRequest:
        return 'refused';
      case senseKey.notReady:
      case senseKey.abortedCommand:
        this.#unit.raise({ kind: 'attention', sense: summarizeSense(sense) });
        return 'unknown';
      case senseKey.mediumError:
        this.#unit.raise({ kind: 'medium-error', sense: summarizeSense(sense) });
        return 'unknown';
      default:
        throw this.#unit.failure(request, sense);
    }
  }
}
