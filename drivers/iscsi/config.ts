import { hostname } from 'node:os';
import type { Portal } from '#drivers/iscsi/connection';
import { parsePortal } from '#drivers/iscsi/portal';
import { GrandsireError } from '#src/base/errors';
import { nearestName } from '#src/base/nearest-name';
import type { SettingsPlace } from '#src/device/driver';

export interface ChapAccount {
  readonly user: string;
  /** Absolute path of a file that only its owner can read. */
  readonly passwordFile: string;
  /** Where the setting stands, for complaints about the file. */
  readonly place: string;
}

export interface IscsiSettings {
  readonly portal: Portal;
  /** Undefined: the only target that the portal has. */
  readonly target: string | undefined;
  readonly initiator: string;
  readonly chap: (ChapAccount & { readonly mutual: ChapAccount | undefined }) | undefined;
  /** Only with digests of headers and data, or with them where the target insists. */
  readonly digests: boolean;
}

const keys = ['portal', 'target', 'initiator', 'chap', 'digests'];
const accountKeys = ['user', 'passwordFile'];

/** iSCSI names (RFC 7143 4.2.7, RFC 3722): at most 223 characters in lower case. */
const isIscsiName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 223 && /^(iqn\.|eui\.|naa\.)[a-z0-9.:-]+$/.test(value);

/** What targets call themselves: `eui.` and `naa.` in the RFC's own examples, and `iqn.` of many a library, do not keep to lower case. */
const isTargetName = (value: unknown): value is string =>
  typeof value === 'string' && Buffer.byteLength(value) <= 223 && /^(iqn|eui|naa)\.[^\s=\p{C}]+$/u.test(value);

/** Checks the settings below a library with `driver: iscsi`; throws `config.invalid` naming the key. */
export function parseIscsiSettings(settings: Readonly<Record<string, unknown>>, place: SettingsPlace): IscsiSettings {
  requireKnown(settings, { known: keys, path: [], place });
  const { portal: portalText, target, initiator = defaultInitiator(), digests = false } = settings;
  const portal = typeof portalText === 'string' ? parsePortal(portalText) : undefined;
  if (!portal) {
    throw invalid(place, ['portal'], {
      problem:
        portalText === undefined
          ? 'the address of the library is missing'
          : `${JSON.stringify(portalText)} is no address`,
      remedy:
        "Write the host and port of the library's iSCSI service: `portal: '192.0.2.10:3260'`, an IPv6 address as `'[2001:db8::10]:3260'`.",
    });
  }
  if (target !== undefined && !isTargetName(target)) {
    throw invalid(place, ['target'], noName(target, 'Write it as the library shows it'));
  }
  if (!isIscsiName(initiator)) {
    throw invalid(place, ['initiator'], noName(initiator, 'Write it in lower case'));
  }
  if (typeof digests !== 'boolean') {
    throw invalid(place, ['digests'], {
      problem: `${JSON.stringify(digests)} is neither true nor false`,
      remedy: 'Write `digests: true` to have every header and every piece of data checked, or leave it out.',
    });
  }
  return { portal, target, initiator, chap: parseChap(settings['chap'], place), digests };
}

const defaultInitiator = (): string =>
  `iqn.2026-11.grandsire:${
    hostname()
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-')
      .slice(0, 63) || 'host'
  }`;

function parseChap(value: unknown, place: SettingsPlace): IscsiSettings['chap'] {
  if (value === undefined) return undefined;
  const account = parseAccount(value, { path: ['chap'], place, more: ['mutual'] });
  const { mutual } = value as { readonly mutual?: unknown };
  return {
    ...account,
    mutual: mutual === undefined ? undefined : parseAccount(mutual, { path: ['chap', 'mutual'], place, more: [] }),
  };
}

interface AccountPlace {
  readonly path: readonly string[];
  readonly place: SettingsPlace;
  readonly more: readonly string[];
}

function parseAccount(value: unknown, { path, place, more }: AccountPlace): ChapAccount {
  const remedy = `Write \`${path.at(-1)}: { user: NAME, passwordFile: ./chap.secret }\`; the file holds the secret in one line and is readable by its owner only (chmod 600).`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(place, path, { problem: 'not a user and a passwordFile', remedy });
  }
  const record = value as Readonly<Record<string, unknown>>;
  requireKnown(record, { known: [...accountKeys, ...more], path, place });
  const { user, passwordFile } = record;
  if (typeof user !== 'string' || user === '') {
    throw invalid(place, [...path, 'user'], { problem: 'the name of the account is missing', remedy });
  }
  if (typeof passwordFile !== 'string' || passwordFile === '') {
    throw invalid(place, [...path, 'passwordFile'], { problem: 'the file with the secret is missing', remedy });
  }
  return { user, passwordFile: place.resolve(passwordFile), place: place.describe([...path, 'passwordFile']) };
}

interface KnownKeys {
  readonly known: readonly string[];
  readonly path: readonly string[];
  readonly place: SettingsPlace;
}

function requireKnown(settings: Readonly<Record<string, unknown>>, { known, path, place }: KnownKeys): void {
  for (const key of Object.keys(settings)) {
    if (known.includes(key) || (key === 'driver' && path.length === 0)) continue;
    const near = nearestName(key, known);
    throw invalid(place, [...path, key], {
      problem:
        key === 'password' ? 'secrets do not stand in the configuration' : `an iSCSI library has no setting "${key}"`,
      remedy: near ? `Did you mean "${near}"?` : `Use ${known.join(', ')}.`,
    });
  }
}

const noName = (value: unknown, how: string) => ({
  problem: `${JSON.stringify(value)} is not an iSCSI name`,
  remedy: `${how}, for example \`'iqn.2026-11.example:library'\`; other names begin with \`eui.\` or \`naa.\`.`,
});

const invalid = (
  place: SettingsPlace,
  path: readonly string[],
  { problem, remedy }: { readonly problem: string; readonly remedy: string },
): GrandsireError => new GrandsireError('config.invalid', { message: `${place.describe(path)}: ${problem}.`, remedy });
