import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SpaceOutcome, TapeDrive } from '#src/device/tape-drive';

/** What the outcomes of a drive depend on, within the contract. */
export interface PlaceTraits {
  /** READ POSITION tells the place. */
  readonly knowsPosition: boolean;
  /** `spaceBlocks` reports filemarks. */
  readonly stopsAtFilemarks: boolean;
  /** At the end of data and at the beginning it tells how many objects it passed. */
  readonly tellsHowFar: boolean;
  /** Spacing backwards, it stands where it should, and reports the beginning, also where nobody knows the place. */
  readonly reportsBeginning: boolean;
}

/**
 * What a drive that does not tell how far it came is to answer where one that does answers `expected`. Behind the last object it
 * may say that the data end there, and not whether that was the last that was asked for.
 */
export function expectSpaced(outcome: SpaceOutcome, expected: SpaceOutcome, { tellsHowFar }: PlaceTraits): void {
  const isUntold = 'passed' in outcome && outcome.passed === undefined && !tellsHowFar;
  const isOneOfTwo = isUntold && outcome.kind === 'end-of-data' && expected.kind === 'spaced';
  if (!isOneOfTwo) assert.deepEqual(outcome, isUntold ? { ...expected, passed: undefined } : expected);
}

type Command =
  | { readonly do: 'write'; readonly bytes: number }
  | { readonly do: 'filemark'; readonly synchronise: boolean }
  | { readonly do: 'read' }
  | { readonly do: 'space-blocks' | 'space-filemarks'; readonly count: number }
  | { readonly do: 'locate'; readonly object: number }
  | { readonly do: 'rewind' };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), bytes: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('filemark' as const), synchronise: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ do: 'read' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('space-blocks' as const, 'space-filemarks' as const),
      count: fc.integer({ min: -5, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('locate' as const), object: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rewind' as const }) },
);

export const tapeCommands = fc.array(command, { minLength: 5, maxLength: 40 });

/** Lengths of blocks; 0 is a filemark. What a medium is, and nothing else. */
class TapeModel {
  #objects: number[] = [];
  at = 0;

  write(bytes: number): void {
    this.#objects = [...this.#objects.slice(0, this.at), bytes];
    this.at += 1;
  }

  read(): { readonly kind: string; readonly bytes?: number } {
    const object = this.#objects[this.at];
    if (object === undefined) return { kind: this.at === 0 ? 'blank' : 'end-of-data' };
    this.at += 1;
    return object === 0 ? { kind: 'filemark' } : { kind: 'block', bytes: object };
  }

  locate(object: number): SpaceOutcome {
    this.at = Math.min(object, this.#objects.length);
    return this.at === object ? { kind: 'spaced' } : { kind: 'end-of-data', passed: BigInt(this.at) };
  }

  space(count: number, { filemarks, stops }: { readonly filemarks: boolean; readonly stops: boolean }): SpaceOutcome {
    const step = Math.sign(count);
    let passed = 0n;
    while (passed < Math.abs(count)) {
      if (step < 0 && this.at === 0) return { kind: 'beginning-of-medium', passed };
      const object = this.#objects[step < 0 ? this.at - 1 : this.at];
      if (object === undefined) return { kind: 'end-of-data', passed };
      this.at += step;
      if (filemarks ? object === 0 : object !== 0 || !stops) passed += 1n;
      else if (!filemarks) return { kind: 'filemark', passed };
    }
    return { kind: 'spaced' };
  }
}

/** Does everything to drive and model; outcomes must agree, and the place must agree wherever the drive claims to know it. */
export async function runTapeModel(drive: TapeDrive, commands: readonly Command[], traits: PlaceTraits): Promise<void> {
  const { knowsPosition, stopsAtFilemarks, reportsBeginning } = traits;
  const model = new TapeModel();
  const spaceOptions = { stops: stopsAtFilemarks };
  const { minBlockBytes } = drive.capabilities;
  const canSpace = async (count: number) =>
    count >= 0 || reportsBeginning || (await drive.position())?.file !== undefined;
  for (const step of commands) {
    switch (step.do) {
      case 'write': {
        const bytes = Math.max(minBlockBytes, step.bytes);
        assert.deepEqual(await drive.writeBlocks([new Uint8Array(bytes)]), { kind: 'written' });
        model.write(bytes);
        break;
      }
      case 'filemark':
        assert.deepEqual(await drive.writeFilemarks(1, { synchronise: step.synchronise }), { kind: 'written' });
        model.write(0);
        break;
      case 'read': {
        // Where nobody knows the place, blank cannot be told from the end of data.
        const isKnown = (await drive.position()) !== undefined;
        const outcome = await drive.readBlock(new Uint8Array(6000));
        const expected = model.read();
        const kind = isKnown || expected.kind !== 'blank' ? expected.kind : 'end-of-data';
        assert.deepEqual(outcome, outcome.kind === 'blank' ? { kind, sense: outcome.sense } : { ...expected, kind });
        break;
      }
      case 'space-blocks': {
        if (!(await canSpace(step.count))) break;
        const outcome = await drive.spaceBlocks(BigInt(step.count));
        expectSpaced(outcome, model.space(step.count, { ...spaceOptions, filemarks: false }), traits);
        break;
      }
      case 'space-filemarks': {
        if (!(await canSpace(step.count))) break;
        const outcome = await drive.spaceFilemarks(BigInt(step.count));
        expectSpaced(outcome, model.space(step.count, { ...spaceOptions, filemarks: true }), traits);
        break;
      }
      case 'locate':
        expectSpaced(await drive.locate(BigInt(step.object)), model.locate(step.object), traits);
        break;
      case 'rewind':
        assert.equal(await drive.rewind(), undefined);
        model.at = 0;
        break;
    }
    const position = await drive.position();
    if (knowsPosition) assert.ok(position?.confirmedByDrive);
    if (position) assert.equal(position.block, BigInt(model.at), `after ${JSON.stringify(step)}`);
  }
}
