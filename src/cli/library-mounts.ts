import type { Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import type { App } from '#src/compose';
import type { MountCartridge } from '#src/jobs/mounting';
import type { Library } from '#src/library/library';

/** Libraries of one command, each opened when something is mounted in it for the first time. */
export class LibraryMounts implements AsyncDisposable {
  readonly #app: App;
  readonly #context: Pick<Context, 'wait' | 'signal' | 'note'>;
  readonly #job: string;
  readonly #warnings: Warning[];
  readonly #open = new Map<string, Promise<Library>>();
  readonly #looked = new Map<string, Promise<unknown>>();

  /** `warnings`: where to put what goes wrong beside the work. */
  constructor(
    app: App,
    context: Pick<Context, 'wait' | 'signal' | 'note'>,
    { job, warnings }: { readonly job: string; readonly warnings: Warning[] },
  ) {
    this.#app = app;
    this.#context = context;
    this.#job = job;
    this.#warnings = warnings;
  }

  readonly of = (name: string): MountCartridge => {
    return async (cartridge, request) => (await this.#library(name)).mount(cartridge, request);
  };

  /** In the library where the cartridge was seen last. */
  readonly anywhere: MountCartridge = async (cartridge, request) =>
    (await this.#library(cartridge.library)).mount(cartridge, request);

  /** Has a library look what lies where, once however often it is asked for; `if-never`: only where nobody ever has. */
  readonly look = async (name: string, when: 'now' | 'if-never'): Promise<void> => {
    if (when === 'if-never' && (await this.#app.catalog.libraries.get(name))) return;
    const { signal } = this.#context;
    const looked = this.#looked.get(name) ?? this.#library(name).then((library) => library.inventory({ signal }));
    this.#looked.set(name, looked);
    await looked;
  };

  #library(name: string): Promise<Library> {
    const known = this.#open.get(name);
    if (known) return known;
    const opening = this.#app.openLibrary(name, {
      job: this.#job,
      wait: this.#context.wait,
      warn: (warning) => this.#tell(warning),
      note: this.#context.note,
      signal: this.#context.signal,
    });
    this.#open.set(name, opening);
    return opening;
  }

  /** Each use of the lease looks anew and tells the same again. */
  #tell({ code, message }: Warning): void {
    if (this.#warnings.some((told) => told.code === code && told.message === message)) return;
    this.#warnings.push({ code, message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const opening of this.#open.values()) {
      const library = await opening.catch(() => undefined);
      await library?.[Symbol.asyncDispose]();
    }
  }
}
