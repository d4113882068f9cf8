import { DeviceError } from '#src/base/errors';

interface Refusal {
  readonly text: string;
  readonly remedy: string;
}

const report = 'Report the message with make and firmware of the library.';
const wait = 'Wait until the library has started, or restart its iSCSI service; then run the command again.';

/** Status-Class and Status-Detail of login responses (RFC 7143 11.13.5), by their four hexadecimal digits. */
const refusals: Readonly<Record<string, Refusal>> = {
  '0200': { text: 'it calls the request wrong', remedy: report },
  '0201': {
    text: 'it does not accept the name or the secret',
    remedy:
      'Compare `chap.user` and the content of `chap.passwordFile` with the account in the library; where only one side asks for CHAP, add `chap` or remove it.',
  },
  '0202': {
    text: 'this initiator is not allowed to use it',
    remedy:
      'Allow the initiator name that the message names in the access list of the library, or set `initiator` in grandsire.yaml to an allowed one.',
  },
  '0203': { text: 'there is no such target', remedy: 'Correct `target` in grandsire.yaml.' },
  '0204': { text: 'this target was taken away', remedy: 'Correct `target` in grandsire.yaml.' },
  '0205': { text: 'it does not know this version of iSCSI', remedy: report },
  '0206': {
    text: 'it has no room for another connection',
    remedy: 'End other users of the library, or raise their number in its settings.',
  },
  '0207': { text: 'it misses a parameter', remedy: report },
  '0208': { text: 'it cannot take the connection into the session', remedy: report },
  '0209': { text: 'it does not offer this type of session', remedy: report },
  '020a': { text: 'the session does not exist', remedy: report },
  '020b': { text: 'the request is invalid during login', remedy: report },
  '0300': { text: 'it reports a fault of its own', remedy: wait },
  '0301': { text: 'its service is not available', remedy: wait },
  '0302': { text: 'it is out of resources', remedy: wait },
};

export interface LoginRefusal {
  readonly statusClass: number;
  readonly statusDetail: number;
  readonly target: string;
  readonly portal: string;
  readonly initiator: string;
}

/** Class 3: the target may take the same login later. */
const isTransient = ({ statusClass }: Pick<LoginRefusal, 'statusClass'>): boolean => statusClass === 3;

export function loginRefused(refusal: LoginRefusal): DeviceError {
  const { statusClass, statusDetail, target, portal, initiator } = refusal;
  const code = ((statusClass << 8) | statusDetail).toString(16).padStart(4, '0');
  const { text, remedy } = refusals[code] ?? { text: 'it does not say why in terms of the standard', remedy: report };
  return new DeviceError(isTransient(refusal) ? 'device.unreachable' : 'device.login-refused', {
    message: `${target} at ${portal} refused the login of ${initiator}: ${text} (status ${code}h)`,
    remedy,
    usable: true,
    details: { status: code },
  });
}
