import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

/** Something that goes wrong in the field, made to go wrong here. What stands in it is printed in `docs/faults.md`. */
export interface Scenario {
  /** Within its chapter, in words: `a write error that is reported one command late`. */
  readonly name: string;
  /** Where it is injected: the transport and the command, the image, the process, the disk. */
  readonly injected: string;
  /** What the program does, in one or two sentences. */
  readonly outcome: string;
  /** Where it goes wrong, and what happens then, for what is made to go wrong in several places; each row is tried. */
  readonly places?: readonly (readonly [where: string, happens: string])[];
  /** What the operator reads, word for word; `…` stands for what varies. Several where several are said. */
  readonly messages: readonly string[];
  /**
   * Makes it happen, asserts the outcome (nothing reported staged or written is lost, nothing protected is overwritten, nothing loops), and
   * returns everything that was said: messages and remedies.
   */
  run(): Promise<readonly string[]>;
}

export interface Chapter {
  readonly title: string;
  /** One paragraph: what these have in common, and what holds in all of them. */
  readonly introduction: string;
  readonly scenarios: readonly Scenario[];
}

/** One test a scenario: it happens as described, and each message is said. */
export function describeChapter({ title, scenarios }: Chapter): void {
  describe(`faults: ${title}`, () => {
    for (const scenario of scenarios) {
      it(scenario.name, async () => {
        const said = await scenario.run();
        for (const message of scenario.messages) {
          assert.ok(
            said.some((text) => asPattern(message).test(text)),
            `not said: ${message}\nsaid: ${said.join('\n      ')}`,
          );
        }
      });
    }
  });
}

const asPattern = (message: string): RegExp =>
  new RegExp(
    message
      .split('…')
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*'),
    's',
  );
