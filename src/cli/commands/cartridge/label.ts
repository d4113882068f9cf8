import { GrandsireError } from '#src/base/errors';
import { defineCommand, type Outcome, type Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import { type ExitCode, exitCodeOf } from '#src/cli/exit-codes';
import { useLibrary } from '#src/cli/use-library';
import type { App } from '#src/compose';
import type { LabelResult as Labelled, LabelOrder, RefusedCartridge } from '#src/jobs/label-cartridges';
import type { Library } from '#src/library/library';

interface LabelResult {
  readonly labelled: readonly string[];
  readonly refused: readonly {
    readonly barcode: string;
    readonly code: string;
    readonly message: string;
    readonly remedy: string;
  }[];
}

export const command = defineCommand({
  noun: 'cartridge',
  verb: 'label',
  summary: 'write a label, so that data can follow',
  description:
    'What is blank is labelled, and what carries a volume of ours whose protection is over, after asking. Everything else is refused and ' +
    'left as it is. A run labels blank cartridges of the scratch pool by itself.',
  positionals: [{ name: 'barcodes', summary: 'barcodes, or places such as slot:5', required: false, many: true }],
  options: {
    allBlank: {
      kind: 'flag',
      summary: 'look at every cartridge on which nothing is known to be, and label the blank ones',
    },
    pool: {
      kind: 'text',
      value: 'POOL',
      summary: 'they belong to this pool from now on; default: the one they are in',
    },
  },
  examples: [
    { command: 'grandsire cartridge label G00001L9 --pool daily', does: 'label one for the daily pool' },
    { command: 'grandsire cartridge label --all-blank', does: 'label all new cartridges of the library' },
  ],
  exitCodes: [0, 3, 4, 5, 6],
  json: '{ labelled: [BARCODE], refused: [{ barcode, code, message, remedy }] }',
  async run(context, { barcodes, allBlank, pool }): Promise<Outcome<LabelResult>> {
    if (allBlank === barcodes.length > 0) throw whichOnes();
    const { poolNamed } = await import('#src/cli/known-names');
    await using app = await context.openApp();
    if (pool !== undefined) poolNamed(app, pool);
    return await (allBlank ? labelBlank(app, context, pool) : labelNamed(app, context, { barcodes, pool }));
  },
  render: ({ labelled, refused }) =>
    (labelled.length > 0 ? `labelled: ${labelled.join(', ')}\n` : 'nothing was labelled\n') +
    refused
      .map(({ barcode, code, message, remedy }) => `${barcode} refused: ${message} (${code})\n  ${remedy}\n`)
      .join(''),
});

async function labelNamed(
  app: App,
  context: Context,
  { barcodes, pool }: { readonly barcodes: readonly string[]; readonly pool: string | undefined },
): Promise<Outcome<LabelResult>> {
  const { findToUse } = await import('#src/cli/find-to-use');
  const { groupBy } = await import('#src/base/group-by');
  const { planLabelling } = await import('#src/jobs/label-cartridges');
  const named: Awaited<ReturnType<typeof findToUse>>[] = [];
  for (const barcode of new Set(barcodes)) named.push(await findToUse(barcode, { app, context }));
  const ports = { repositories: app.catalog, clock: app.clock };
  const plan = await planLabelling(named, ports);
  if (plan.lost.length > 0) {
    const names = plan.lost.map(({ cartridge }) => cartridge.barcode).join(', ');
    await context.confirm(`This labels ${names} anew; what is on ${plan.lost.length > 1 ? 'them' : 'it'} is lost.`);
  }
  const refused = [...plan.refused];
  const labelled: string[] = [];
  const warnings: Warning[] = [];
  for (const [name, cartridges] of groupBy(plan.cartridges, ({ library }) => library)) {
    const job = `cartridge label ${cartridges.map(({ barcode }) => barcode).join(' ')}`;
    const done = await useLibrary({ context, app }, { name, job }, (library) =>
      labelInTurn({ context, app, library }, { cartridges, pool }),
    );
    labelled.push(...done.value.labelled);
    refused.push(...done.value.refused);
    warnings.push(...done.warnings);
  }
  // Named by the operator, an unfit cartridge is a refusal.
  const [first] = refused;
  const exitCode: { exitCode?: ExitCode } = first ? { exitCode: exitCodeOf[first.error.kind] } : {};
  return { result: describe({ labelled, refused }), warnings, ...exitCode };
}

async function labelBlank(app: App, context: Context, pool: string | undefined): Promise<Outcome<LabelResult>> {
  const { libraryNamed } = await import('#src/compose');
  const { unlabelledCartridges } = await import('#src/jobs/label-cartridges');
  const { name } = libraryNamed(app.configuration, context.library);
  const ports = { repositories: app.catalog, clock: app.clock };
  const { value, warnings } = await useLibrary(
    { context, app },
    { name, job: 'cartridge label --all-blank' },
    async (library) => {
      await library.inventory({ signal: context.signal });
      const cartridges = await unlabelledCartridges(name, ports);
      return labelInTurn({ context, app, library }, { cartridges, pool });
    },
  );
  // Met on the way, an unfit cartridge is passed over.
  return { result: describe(value), warnings, ...(value.refused.length > 0 ? { exitCode: 3 as const } : {}) };
}

/** Labels, shows how far it is, and says what is labelled already where it ends before its time. */
async function labelInTurn(
  { context, app, library }: { readonly context: Context; readonly app: App; readonly library: Library },
  order: LabelOrder,
): Promise<Labelled> {
  const { labelCartridges } = await import('#src/jobs/label-cartridges');
  const done: string[] = [];
  const total = order.cartridges.length;
  try {
    return await labelCartridges(order, {
      repositories: app.catalog,
      clock: app.clock,
      signal: context.signal,
      mount: (cartridge, request) => library.mount(cartridge, request),
      onLabelled: (barcode) => {
        done.push(barcode);
        context.progress({ task: 'labelling', done: done.length, total, unit: 'cartridges', detail: barcode });
      },
    });
  } catch (failure) {
    if (done.length > 0) context.note(`labelled before that: ${done.join(', ')}`);
    throw failure;
  }
}

const describe = ({ labelled, refused }: Labelled): LabelResult => ({
  labelled,
  refused: refused.map(describeRefusal),
});

const describeRefusal = ({ barcode, error: { code, message, remedy } }: RefusedCartridge) => ({
  barcode,
  code,
  message,
  remedy,
});

const whichOnes = (): GrandsireError =>
  new GrandsireError('command.usage', {
    message: '`cartridge label` takes barcodes, or `--all-blank`, and not both',
    remedy: 'Write `grandsire cartridge label G00001L9`, or `grandsire cartridge label --all-blank`.',
  });
