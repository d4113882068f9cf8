import { appendFileSync } from 'node:fs';
import { onStateFile } from '#src/base/make-directory';
import type { ActionRecord, ActionRepository } from '#src/catalog/actions';
import type { Catalog } from '#src/catalog/catalog';

/**
 * The catalog, with every action that it commits also written as a line of JSON to a file, which outlives a lost catalog. The line
 * follows the commit, so that a crash in between leaves the file one line behind; it never tells of what did not happen. Where it cannot be written
 * (`state.not-writable`), what was being done ends there as by a crash.
 */
export function withActionLog(catalog: Catalog, path: string): Catalog {
  const write = ({ at, event, subject, details }: ActionRecord): void => {
    const line = `${JSON.stringify({ at: new Date(at).toISOString(), event, subject, ...details })}\n`;
    onStateFile(path, () => appendFileSync(path, line, { mode: 0o600 }));
  };
  return {
    ...catalog,
    actions: observed(catalog.actions, write),
    async transaction(work) {
      const committed: ActionRecord[] = [];
      const result = await catalog.transaction((repositories) =>
        work({ ...repositories, actions: observed(repositories.actions, (action) => void committed.push(action)) }),
      );
      committed.forEach(write);
      return result;
    },
  };
}

const observed = (actions: ActionRepository, observe: (action: ActionRecord) => void): ActionRepository => ({
  ...actions,
  async append(action) {
    await actions.append(action);
    observe(action);
  },
});
