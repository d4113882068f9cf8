import { rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Campaign } from '#test/soak/campaign';
import { Random } from '#test/soak/random';
import { tgtDevice } from '#test/soak/tgt-device';
import { virtualDevice } from '#test/soak/virtual-device';
import { Workplace } from '#test/soak/workplace';

/*
 * npm run soak -- [--kills 1000] [--seed S] [--device virtual|tgt|both] [--minutes M] [--json FILE] [--keep] [--verbose]: the crash campaign that
 * docs/contributing.md describes. Exit 1: something was found; its folder is kept and named.
 */

const devices = { virtual: virtualDevice, tgt: tgtDevice } as const;

interface Options {
  readonly kills: number;
  readonly seed: string;
  readonly devices: readonly (keyof typeof devices)[];
  readonly minutes: number;
  readonly json: string | undefined;
  readonly keep: boolean;
  readonly verbose: boolean;
}

/** Throws for what is not an option: a campaign of hours with a misspelt one would show something else than was asked for. */
function parseOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { kills: text, seed: text, device: text, minutes: text, json: text, keep: flag, verbose: flag },
  });
  const device = values.device ?? 'virtual';
  const chosen = Object.keys(devices).filter((name) => device === 'both' || device === name) as Options['devices'];
  if (chosen.length === 0) throw new RangeError(`--device ${device}: virtual, tgt or both`);
  return {
    kills: positive('kills', values.kills ?? '1000'),
    seed: values.seed ?? String(Date.now() % 1_000_000),
    devices: chosen,
    minutes: values.minutes === undefined ? Number.POSITIVE_INFINITY : positive('minutes', values.minutes),
    json: values.json,
    keep: values.keep,
    verbose: values.verbose,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new RangeError(`--${name} ${text}: a number above 0`);
  return value;
}

async function runOn(device: keyof typeof devices, options: Options): Promise<Campaign['report']> {
  const { seed, kills, minutes, verbose } = options;
  using workplace = new Workplace(seed, new Random(`${seed} source`));
  await using library = await devices[device](workplace.path('library'));
  workplace.use(library);
  const onStep = verbose ? { onStep: (line: string) => void process.stdout.write(`${line}\n`) } : {};
  using campaign = new Campaign(workplace, library, { seed, kills, minutes, ...onStep });
  if (workplace.disks.length === 0)
    campaign.report.impossible.push('disks that are full or read-only: mounting needs root');
  const report = await campaign.run();
  report.folder = workplace.folder;
  if (report.findings.length > 0 || options.keep) workplace.keep();
  return report;
}

const options = parseOptions(process.argv.slice(2));
process.stdout.write(`soak: seed ${options.seed}, ${options.kills} kills on ${options.devices.join(' and ')}\n`);
const reports: unknown[] = [];
for (const device of options.devices) {
  const report = await runOn(device, options);
  const failed = report.findings.length > 0;
  process.stdout.write(`${report.text()}\n`);
  if (failed) process.stdout.write(`kept in ${report.folder}; what came before:\n${report.history(40)}\n`);
  else if (!options.keep && report.folder) rmSync(report.folder, { recursive: true, force: true });
  if (report.shortfall) process.stdout.write(`${report.shortfall}\n`);
  if (failed || report.shortfall) process.exitCode = 1;
  reports.push(report.json());
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(reports, undefined, 2)}\n`);
