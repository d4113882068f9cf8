/** What `init` chooses by looking at the machine. */
export interface InitialChoices {
  readonly stagingSizeBytes: number;
  /** IANA name. */
  readonly timeZone: string;
  /** A library on the network; undefined: a virtual one. */
  readonly network?: NetworkLibrary | undefined;
}

export interface NetworkLibrary {
  /** `host:port`. */
  readonly portal: string;
  /** iSCSI name; undefined: the only target of the portal. */
  readonly target?: string | undefined;
}

const virtualLibrary = `# A virtual library: cartridges are files below its path, and cost only what is on them.
libraries:
  main:
    driver: virtual
    path: ./virtual-library
    drives: 2
    slots: 24
    mailSlots: 2
    generation: LTO-9
    cartridgeCapacity: 2GiB
`;

/** Quoted as YAML does: what the operator wrote cannot become another key. */
const networkLibrary = ({
  portal,
  target,
}: NetworkLibrary): string => `# A tape library on the network (iSCSI). Its changer and drives are found by themselves. If it wants a name and a secret:
#   chap: { user: NAME, passwordFile: ./chap.secret }     the file holds one line and has mode 0600
libraries:
  main:
    driver: iscsi
    portal: ${JSON.stringify(portal)}
${target === undefined ? '' : `    target: ${JSON.stringify(target)}\n`}`;

/** The `grandsire.yaml` that `init` writes: it works as it is, and says what to change. */
export function initialConfiguration({ stagingSizeBytes, timeZone, network }: InitialChoices): string {
  return `# Grandsire's configuration. Relative paths are relative to this file. Sizes: GiB, GB, MiB, MB. Periods: 14 days, 5 weeks,
# 12 months, forever. After a change: \`grandsire schedule show\` says what it means.

state: ./state                # catalog, locks, logs, keys
catalog: sqlite

# Data rests here before it is written to cartridges, and can be restored from here at once.
staging: { path: ./staging, size: ${formatSize(stagingSizeBytes)} }

${network ? networkLibrary(network) : virtualLibrary}
# A pool says how long what is on its cartridges is protected. All take their cartridges from scratch.
pools:
  scratch: {}
  daily: { draw: scratch, protect: 2 weeks }
  weekly: { draw: scratch, protect: 5 weeks }
  monthly: { draw: scratch, protect: 3 months }

rotations:
  office:
    scheme: grandfather-father-son
    library: main
    at: '0 22 * * *'          # cron: minute, hour, day of month, month, day of week
    timeZone: ${timeZone}
    son: { days: [mon, tue, wed, thu], level: incremental, pool: daily }
    father: { days: [fri], level: full, pool: weekly }
    grandfather: { on: last friday of month, level: full, pool: monthly }

# What is backed up together.
sets:
  home: { include: [/home], exclude: ['**/.cache/**'], rotation: office }
`;
}

function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
  ] as const) {
    if (bytes >= factor) return `${Math.floor(bytes / factor)}${unit}`;
  }
  return String(bytes);
}
