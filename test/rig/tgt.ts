import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { TgtLibrary } from '#test/rig/tgt-library';

/** `npm run rig:tgt -- …`: a library that is not ours, to try things on by hand (docs/contributing.md). */
const usage = `npm run rig:tgt -- start [--dir D] [--port P] [--drives N] [--slots N] [--mail-slots N] [--cartridges N] [--capacity MIB]
npm run rig:tgt -- stop [--dir D] [--purge]
npm run rig:tgt -- put BARCODE (--slot N | --mail-slot N) [--dir D]
npm run rig:tgt -- take (--slot N | --mail-slot N) [--dir D]
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string', default: './tgt-library' },
    port: { type: 'string', default: '0' },
    drives: { type: 'string', default: '2' },
    slots: { type: 'string', default: '10' },
    'mail-slots': { type: 'string', default: '2' },
    cartridges: { type: 'string', default: '6' },
    capacity: { type: 'string', default: '1024' },
    slot: { type: 'string' },
    'mail-slot': { type: 'string' },
    purge: { type: 'boolean', default: false },
  },
});

function running(): TgtLibrary {
  const library = TgtLibrary.find(values.dir);
  if (!library?.isRunning) throw new RangeError(`no library runs in ${values.dir}`);
  return library;
}

function addressIn(library: TgtLibrary): number {
  if (values.slot !== undefined) return library.slot(Number(values.slot));
  if (values['mail-slot'] !== undefined) return library.mailSlot(Number(values['mail-slot']));
  throw new RangeError(usage);
}

async function start(): Promise<TgtLibrary> {
  const found = TgtLibrary.find(values.dir);
  await found?.start();
  const barcodes = Array.from(
    { length: Number(values.cartridges) },
    (_, index) => `T${String(index + 1).padStart(5, '0')}L8`,
  );
  return (
    found ??
    (await TgtLibrary.start({
      folder: values.dir,
      port: Number(values.port),
      drives: Number(values.drives),
      slots: Number(values.slots),
      mailSlots: Number(values['mail-slots']),
      cartridges: barcodes,
      capacityMiB: Number(values.capacity),
      detached: true,
    }))
  );
}

process.once('uncaughtException', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});

switch (positionals[0]) {
  case 'start': {
    const { portal, target } = await start();
    process.stdout.write(`libraries:\n  tgt: { driver: iscsi, portal: '${portal}', target: '${target}' }\n`);
    break;
  }
  case 'stop': {
    const library = TgtLibrary.find(values.dir);
    // A folder that is no library's is somebody's own.
    if (!library) throw new RangeError(`there is no library in ${values.dir}`);
    await library.stop();
    if (values.purge) rmSync(values.dir, { recursive: true, force: true });
    break;
  }
  case 'put': {
    const library = running();
    await library.put(positionals[1] ?? '', addressIn(library));
    break;
  }
  case 'take': {
    const library = running();
    await library.take(addressIn(library));
    break;
  }
  default:
    process.stderr.write(usage);
    process.exitCode = 2;
}
