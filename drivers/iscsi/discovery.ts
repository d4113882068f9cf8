import type { IscsiSettings } from '#drivers/iscsi/config';
import { describePortal, type Portal } from '#drivers/iscsi/connection';
import { parsePortal } from '#drivers/iscsi/portal';
import { readChapSettings } from '#drivers/iscsi/secrets';
import { type DiscoveredTarget, sendTargets } from '#drivers/iscsi/send-targets';
import { IscsiSession, type SessionOptions } from '#drivers/iscsi/session';
import { IscsiTransport } from '#drivers/iscsi/transport';
import { seconds } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import { systemPause } from '#src/base/pause';
import type { FoundUnit, OpenUnitsOptions, UnitSource } from '#src/device/driver';
import { executeCommand } from '#src/device/execute-command';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { deviceType, encodeInquiryCdb, parseInquiry } from '#src/scsi/inquiry';
import { encodeReportLunsCdb, parseReportLuns, simpleLun } from '#src/scsi/report-luns';

const timeout = seconds(60);

/** The logical units of one target. */
export class IscsiUnitSource implements UnitSource {
  readonly #session: IscsiSession;
  #luns = new Map<string, number>();

  private constructor(session: IscsiSession) {
    this.#session = session;
  }

  /** Logs in; finds the target where none is configured. */
  static async open(settings: IscsiSettings, { signal, note }: OpenUnitsOptions = {}): Promise<IscsiUnitSource> {
    const { portal, initiator } = settings;
    const options: Omit<SessionOptions, 'target'> = {
      portal,
      initiator,
      chap: readChapSettings(settings.chap),
      digests: settings.digests ? 'preferred' : 'accepted',
      note,
    };
    const target = settings.target ? { name: settings.target, portals: [portal] } : await onlyTarget(options, signal);
    try {
      return new IscsiUnitSource(await openAtOneOf(target, options, signal));
    } catch (cause) {
      throw await withNames(cause, options, signal);
    }
  }

  async discover({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<readonly FoundUnit[]> {
    const found: FoundUnit[] = [];
    this.#luns = new Map();
    for (const lun of await this.#listLuns(signal)) {
      const transport = new IscsiTransport(this.#session, lun);
      const buffer = new Uint8Array(96);
      const cdb = encodeInquiryCdb({ allocationBytes: buffer.length });
      const data = { direction: 'in', buffer } as const;
      const answer = await executeCommand(transport, cdb, data, { timeout, pause: systemPause, signal });
      if (answer.kind === 'check') continue;
      const { peripheralQualifier, deviceType: type } = parseInquiry(buffer.subarray(0, answer.transferredBytes));
      // Another qualifier than 0: nothing is connected there (SPC-5, standard INQUIRY data).
      if (peripheralQualifier !== 0) continue;
      this.#luns.set(transport.address, lun);
      found.push({ kind: kindOf(type), address: transport.address, deviceType: type });
    }
    return found;
  }

  async open({ address }: FoundUnit): Promise<ScsiTransport> {
    const lun = this.#luns.get(address);
    if (lun !== undefined) return new IscsiTransport(this.#session, lun);
    throw new DeviceError('device.unreachable', {
      message: `There is no ${address} behind this target.`,
      remedy: 'Run `grandsire library inventory` to see what it has.',
      usable: false,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#session[Symbol.asyncDispose]();
  }

  /** REPORT LUNS is asked of LUN 0, whatever is there (SPC-5). */
  async #listLuns(signal: AbortSignal | undefined): Promise<readonly number[]> {
    const transport = new IscsiTransport(this.#session, 0);
    const buffer = new Uint8Array(8 + 8 * 4096);
    const cdb = encodeReportLunsCdb({ allocationBytes: buffer.length });
    const data = { direction: 'in', buffer } as const;
    const answer = await executeCommand(transport, cdb, data, { timeout, pause: systemPause, signal });
    if (answer.kind === 'check') return [0];
    const { luns } = parseReportLuns(buffer.subarray(0, answer.transferredBytes));
    const simple = luns.map(simpleLun).filter((lun) => lun !== undefined);
    return [...new Set(simple)].sort((a, b) => a - b);
  }
}

function kindOf(type: number): FoundUnit['kind'] {
  if (type === deviceType.changer) return 'changer';
  return type === deviceType.tape ? 'tape' : 'other';
}

/** Addresses of one target that are tried: each that does not answer takes its time. */
const maxPortals = 4;

interface PlacedTarget {
  readonly name: string;
  /** In the order in which they are tried. */
  readonly portals: readonly Portal[];
}

/** The first portal that answers. The failure is that of the first: it is where the target says it is. */
async function openAtOneOf(
  { name, portals }: PlacedTarget,
  options: Omit<SessionOptions, 'target'>,
  signal: AbortSignal | undefined,
): Promise<IscsiSession> {
  let failure: unknown;
  for (const portal of portals) {
    try {
      return await IscsiSession.open({ ...options, portal, target: name }, signal);
    } catch (cause) {
      if (!(cause instanceof DeviceError) || cause.code !== 'device.unreachable') throw cause;
      failure ??= portal === options.portal ? cause : toldBy(options.portal, cause);
    }
  }
  throw failure;
}

function toldBy(asked: Portal, cause: DeviceError): DeviceError {
  const { code, message, usable, details } = cause;
  return new DeviceError(code, {
    message: `${message}; ${describePortal(asked)} told of this address`,
    remedy:
      'Look in the settings of the library whether it has an address that can be reached from here, and write that as `portal` into grandsire.yaml.',
    usable,
    details,
    cause,
  });
}

async function onlyTarget(
  options: Omit<SessionOptions, 'target'>,
  signal: AbortSignal | undefined,
): Promise<PlacedTarget> {
  const targets = await sendTargets(options, signal);
  const [target, ...others] = targets;
  if (!target || others.length > 0) {
    throw new DeviceError('device.unreachable', {
      message: `${describePortal(options.portal)} has ${target ? `${targets.length} targets: ${namesOf(targets)}` : 'no target for this initiator'}`,
      remedy: target
        ? 'Write the one that is meant as `target` into the settings of the library in grandsire.yaml.'
        : `Allow the initiator ${options.initiator} in the access list of the library, or set \`initiator\` in grandsire.yaml to an allowed one.`,
      usable: false,
    });
  }
  const asked = options.portal;
  const told = target.addresses.map(parsePortal).filter((portal) => portal !== undefined);
  const isAsked = told.some(({ host, port }) => host === asked.host && port === asked.port);
  return { name: target.name, portals: isAsked ? [asked] : [...told.slice(0, maxPortals), asked] };
}

/** Where the target is not known, its portal is asked for those that are. */
async function withNames(
  cause: unknown,
  options: Omit<SessionOptions, 'target'>,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const isUnknown =
    cause instanceof DeviceError && (cause.details['status'] === '0203' || cause.details['status'] === '0204');
  if (!isUnknown) return cause;
  const targets = await sendTargets(options, signal).catch(() => []);
  if (targets.length === 0) return cause;
  const { code, message, usable, details } = cause;
  const remedy = `Correct \`target\` in grandsire.yaml; this portal has: ${namesOf(targets)}.`;
  return new DeviceError(code, { message, remedy, usable, details, cause });
}

/** As many as an operator reads. */
const maxNames = 20;

function namesOf(targets: readonly DiscoveredTarget[]): string {
  const names = targets.slice(0, maxNames).map(({ name }) => name.slice(0, 223).replaceAll(/\s/g, ' '));
  return `${names.join(', ')}${targets.length > maxNames ? `, and ${targets.length - maxNames} more` : ''}`;
}
