import { Cron } from 'croner';
import { z } from 'zod';
import { parseSize } from '#src/base/size';
import { parseTimeZone } from '#src/base/time-zone';
import { parsePeriod } from '#src/media/period';

/**
 * The shape of `grandsire.yaml`. Messages complete the sentence "KEY …"; the remedy travels in `params`. What refers from one
 * part of the file to another is checked in `check-references.ts`; settings of drivers and schemes by them.
 */

const namePattern = /^[a-z][a-z0-9-]{0,31}$/;

const segmentLimits = { leastBytes: 2 ** 20, mostBytes: 2 ** 33 };

type Refine = { readonly addIssue: (issue: { code: 'custom'; message: string; params: { remedy: string } }) => void };

function refuse(context: Refine, message: string, remedy: string): typeof z.NEVER {
  context.addIssue({ code: 'custom', message, params: { remedy } });
  return z.NEVER;
}

const quote = (value: unknown): string => JSON.stringify(String(value).slice(0, 64));

const name = z.string().superRefine((text, context) => {
  if (!namePattern.test(text)) refuse(context, `is ${quote(text)}, which is not a name`, nameRemedy);
});
export const nameRemedy = 'Names begin with a letter a–z and have up to 32 of a–z, 0–9 and `-`.';

const path = z.string().superRefine((text, context) => {
  if (text === '') refuse(context, 'is empty', 'Write a path.');
  if (text.includes('\0')) refuse(context, 'contains a zero byte', 'Write a path without it.');
});

const size = z.union([z.string(), z.number()]).transform((value, context) => {
  const bytes = parseSize(value);
  return (
    bytes ?? refuse(context, `is ${quote(value)}, which is not a size`, 'Write a size such as `200GiB` or `200GB`.')
  );
});

const period = z.string().transform((text, context) => {
  const remedy = 'Write a period such as `14 days`, `5 weeks`, `12 months` or `forever`.';
  return parsePeriod(text) ?? refuse(context, `is ${quote(text)}, which is not a period`, remedy);
});

const timeZone = z.string().transform((text, context) => {
  const remedy = 'Write an IANA name such as `Europe/London`.';
  return parseTimeZone(text) ?? refuse(context, `is ${quote(text)}, which is not a time zone`, remedy);
});

const cron = z.string().superRefine((text, context) => {
  const remedy = "Write five fields: minute, hour, day of month, month, day of week, such as `'0 22 * * *'`.";
  if (text.trim().split(/\s+/).length !== 5) return void refuse(context, `is ${quote(text)}, not five fields`, remedy);
  try {
    new Cron(text, { paused: true });
  } catch (error) {
    refuse(context, `is ${quote(text)}: ${error instanceof Error ? error.message : String(error)}`, remedy);
  }
});

const staging = z
  .strictObject({ path: path.default('./staging'), size, segmentSize: size.optional() })
  .superRefine(({ size: total, segmentSize }, context) => {
    const least = segmentSize ?? segmentLimits.leastBytes;
    if (
      segmentSize !== undefined &&
      (segmentSize < segmentLimits.leastBytes || segmentSize > segmentLimits.mostBytes)
    ) {
      context.addIssue({
        code: 'custom',
        path: ['segmentSize'],
        message: 'is not between 1MiB and 8GiB',
        params: { remedy: 'Leave `segmentSize` out: segments are then as long as cartridges and staging allow.' },
      });
    } else if (total < 2 * least) {
      context.addIssue({
        code: 'custom',
        path: ['size'],
        message: 'has no room for two segments: one is filled while the other is written',
        params: { remedy: `Write a size of at least ${2 * least} bytes.` },
      });
    }
  });

const pool = z.strictObject({ draw: name.optional(), protect: period.optional(), worm: z.boolean().optional() });

const set = z.strictObject({
  include: z.array(path).min(1),
  exclude: z.array(path).default([]),
  rotation: name.optional(),
  pool: name.optional(),
  inode: z.enum(['compare', 'ignore']).default('compare'),
  oneFileSystem: z.boolean().default(true),
});

const library = z.looseObject({ driver: name });
const rotation = z.looseObject({ scheme: name, library: name.optional(), at: cron, timeZone: timeZone.optional() });

/** What every tier of every scheme may say. */
const tier = z.looseObject({
  level: z.enum(['full', 'differential', 'incremental']).optional(),
  pool: name.optional(),
  append: z.enum(['never', 'cycle', 'full']).optional(),
});

const named = <T extends z.ZodType>(value: T) => z.record(name, value).default({});

const file = z.strictObject({
  state: path.default('./state'),
  catalog: z.enum(['sqlite']).default('sqlite'),
  staging,
  libraries: named(library),
  pools: named(pool),
  rotations: named(rotation),
  sets: named(set),
});

export const fileSchema = file;
export const tierSchema = tier;
export type FileContent = z.infer<typeof file>;

/** The keys that may stand at a path of the file; empty where any may. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  if (path.length === 0) return Object.keys(file.shape);
  if (path.length === 1 && path[0] === 'staging') return ['path', 'size', 'segmentSize'];
  if (path.length === 2 && path[0] === 'pools') return Object.keys(pool.shape);
  if (path.length === 2 && path[0] === 'sets') return Object.keys(set.shape);
  return [];
}
