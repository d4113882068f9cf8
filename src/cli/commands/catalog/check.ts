import { defineCommand } from '#src/cli/command';

interface CheckResult {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly code: string;
    readonly subject: string;
    readonly message: string;
    readonly repair: string;
  }[];
}

export const command = defineCommand({
  noun: 'catalog',
  verb: 'check',
  summary: 'look for contradictions in the catalog',
  positionals: [],
  options: { repair: { kind: 'flag', summary: 'put right what can be put right without losing anything' } },
  examples: [{ command: 'grandsire catalog check', does: 'list every contradiction, and what to do about it' }],
  exitCodes: [0],
  json: '{ ok, findings: [{ code, subject, message, repair }] }',
  async run(context, { repair }) {
    await using app = await context.openApp();
    const { catalog } = app;
    const found = await catalog.check();
    const left = repair && found.length > 0 ? await catalog.repair(found) : found;
    const findings = left.map(({ code, subject, message, repair: remedy }) => ({
      code,
      subject,
      message,
      repair: remedy,
    }));
    const result: CheckResult = { ok: findings.length === 0, findings };
    return { result, ...(findings.length > 0 ? { exitCode: 1 as const } : {}) };
  },
  render: ({ findings }) =>
    findings.length === 0
      ? 'no contradictions\n'
      : findings
          .map(({ code, subject, message, repair }) => `${subject}: ${message} (${code})\n  ${repair}\n`)
          .join(''),
});
