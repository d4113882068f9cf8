import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { protocolViolation } from '#drivers/iscsi/pdu';
import { parseTextBinary, parseTextNumber, type TextKey } from '#drivers/iscsi/text-keys';
import { DeviceError } from '#src/base/errors';

/** A name and the secret that is known on both sides. */
export interface ChapCredentials {
  readonly user: string;
  readonly secret: Buffer;
}

export interface ChapSettings {
  /** With which the target knows us. */
  readonly ours: ChapCredentials;
  /** With which we know the target; undefined: it need not prove anything. */
  readonly target?: ChapCredentials | undefined;
}

/** The only algorithm that RFC 7143 12.1.3 knows: MD5. Others are numbered differently by different targets. */
const md5 = 5;
const challengeBytes = 16;
/** Longest binary value of CHAP (RFC 7143 12.1.3). */
const maxBinaryBytes = 1024;

/** RFC 1994 4.1: MD5 over identifier, secret, challenge. */
const chapResponse = (identifier: number, secret: Buffer, challenge: Buffer): Buffer =>
  createHash('md5').update(Buffer.of(identifier)).update(secret).update(challenge).digest();

const hex = (bytes: Buffer): string => `0x${bytes.toString('hex')}`;

/**
 * The initiator's side of CHAP in the security stage (RFC 7143 12.1.3), one- or two-way. `next` is asked for what to send after each answer
 * of the target; `undefined` means that all is done.
 */
export class ChapExchange {
  readonly #settings: ChapSettings;
  #step: 'algorithm' | 'challenge' | 'proof' | 'done' = 'algorithm';
  #ours: { readonly identifier: number; readonly challenge: Buffer } | undefined;

  constructor(settings: ChapSettings) {
    this.#settings = settings;
  }

  /** Throws `device.protocol` for a malformed exchange, and `device.login-refused` where the target does not prove what it must. */
  next(keys: ReadonlyMap<string, string>): readonly TextKey[] | undefined {
    switch (this.#step) {
      case 'algorithm':
        this.#step = 'challenge';
        return [['CHAP_A', String(md5)]];
      case 'challenge':
        this.#step = this.#settings.target ? 'proof' : 'done';
        return this.#answer(keys);
      case 'proof':
        this.#step = 'done';
        this.#checkTarget(keys);
        return undefined;
      case 'done':
        return undefined;
    }
  }

  /** True where the next answer of the target may end the security stage. */
  get mayEnd(): boolean {
    return this.#step === 'proof' || this.#step === 'done';
  }

  #answer(keys: ReadonlyMap<string, string>): readonly TextKey[] {
    const [algorithm, identifier] = [keys.get('CHAP_A'), parseTextNumber(keys.get('CHAP_I') ?? '')];
    const challenge = parseTextBinary(keys.get('CHAP_C') ?? '', maxBinaryBytes);
    if (algorithm !== String(md5)) throw protocolViolation(`CHAP_A=${algorithm ?? ''} where ${md5} (MD5) was offered`);
    if (identifier === undefined || identifier > 255 || !challenge || challenge.length === 0) {
      throw protocolViolation('a CHAP challenge that cannot be understood');
    }
    const { ours, target } = this.#settings;
    const answer: TextKey[] = [
      ['CHAP_N', ours.user],
      ['CHAP_R', hex(chapResponse(identifier, ours.secret, challenge))],
    ];
    if (!target) return answer;
    this.#ours = { identifier: (identifier + 1) & 0xff, challenge: randomBytes(challengeBytes) };
    return [...answer, ['CHAP_I', String(this.#ours.identifier)], ['CHAP_C', hex(this.#ours.challenge)]];
  }

  #checkTarget(keys: ReadonlyMap<string, string>): void {
    const { target } = this.#settings;
    if (!target || !this.#ours) return;
    const proof = parseTextBinary(keys.get('CHAP_R') ?? '', maxBinaryBytes);
    const expected = chapResponse(this.#ours.identifier, target.secret, this.#ours.challenge);
    const isProved = proof?.length === expected.length && timingSafeEqual(proof, expected);
    if (isProved && keys.get('CHAP_N') === target.user) return;
    throw new DeviceError('device.login-refused', {
      message: 'the target did not prove who it is: its name or its secret are not the ones of `chap.mutual`',
      remedy: 'Compare `chap.mutual` in grandsire.yaml with the account that the library uses towards initiators.',
      usable: true,
    });
  }
}
