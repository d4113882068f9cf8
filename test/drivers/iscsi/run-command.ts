import { seconds } from '#src/base/duration';
import type { ScsiResult } from '#src/device/scsi-transport';
import type { Request } from '#test/drivers/iscsi/figures';
import { openUnit, timeout } from '#test/drivers/iscsi/initiator';
import { type Link, ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

/** LUN 1 as a single level of eight bytes (SAM-5). */
export const lun1 = 0x0001_0000_0000_0000n;
export const cdb = Buffer.from('0a0000010000aabbccddeeff00112233', 'hex');
export type Keys = Readonly<Record<string, string>>;

/** One command against one script. */
export async function runCommand(
  data: { readonly out: Buffer } | { readonly inBytes: number },
  script: (link: Link, command: Request) => Promise<void> | void,
  keys: Keys = {},
): Promise<ScsiResult & { readonly buffer: Buffer }> {
  await using target = await ScriptedTarget.start(async (link) => {
    await link.login(keys);
    const command = await link.next('scsiCommand');
    await script(link, command);
    while (await link.maybe());
  });
  const buffer = Buffer.alloc('inBytes' in data ? data.inBytes : 0, 0xee);
  await using opened = await openUnit(target, { patience: seconds(0.05) });
  const phase =
    'out' in data
      ? // In pieces, as a tape block and what follows it are.
        ({ direction: 'out', data: [data.out.subarray(0, 5), data.out.subarray(5, 6), data.out.subarray(6)] } as const)
      : ({ direction: 'in', buffer } as const);
  const result = await opened.unit.execute(cdb, phase, { timeout }).then(
    (value) => ({ ...value, buffer }),
    (cause: unknown) => Promise.reject(cause),
  );
  await target.vanish();
  await target.done();
  return result;
}
