import type { Portal } from '#drivers/iscsi/connection';

/** The port that IANA registered for iSCSI. */
const defaultPort = 3260;

/**
 * `host`, `host:port`, `[IPv6]:port`, each with or without `,portal-group-tag` as targets write it (RFC 7143 13.8); undefined for anything
 * else.
 */
export function parsePortal(text: string): Portal | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^\s:,[\]]+))(?::(\d{1,5}))?(?:,\d+)?$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  return host !== undefined && port > 0 && port < 65_536 ? { host, port } : undefined;
}
