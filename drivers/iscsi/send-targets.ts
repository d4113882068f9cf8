import { IscsiSession, type SessionOptions } from '#drivers/iscsi/session';

export interface DiscoveredTarget {
  readonly name: string;
  /** As the target writes them: `host:port,portal-group-tag`. */
  readonly addresses: readonly string[];
}

/** Every target that a portal tells this initiator of (RFC 7143 appendix C: SendTargets=All in a discovery session). */
export async function sendTargets(
  options: Omit<SessionOptions, 'target'>,
  signal?: AbortSignal,
): Promise<readonly DiscoveredTarget[]> {
  await using session = await IscsiSession.open({ ...options, target: undefined }, signal);
  // One record for each address of a target is one target all the same.
  const targets = new Map<string, string[]>();
  let addresses: string[] = [];
  for (const [key, value] of await session.exchangeText([['SendTargets', 'All']])) {
    if (key === 'TargetName') {
      addresses = targets.get(value) ?? [];
      targets.set(value, addresses);
    } else if (key === 'TargetAddress') addresses.push(value);
  }
  return [...targets].map(([name, addresses]) => ({ name, addresses }));
}
