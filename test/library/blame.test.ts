import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Blame, type Experience, type Verdict } from '#src/library/drives/blame';
import type { CartridgeId } from '#src/media/facets';

const drives = ['D1', 'D2', 'D3', 'D4'];
const cartridges = [1, 2, 3, 4, 5] as CartridgeId[];
const anyDrive = fc.constantFrom(...drives);
const anyCartridge = fc.constantFrom(...cartridges);
const pairs = fc.array(fc.tuple(anyDrive, anyCartridge), { maxLength: 30 });
const failed = (drive: string, cartridge: CartridgeId): Experience => ({ kind: 'failed', drive, cartridge });
const worked = (drive: string, cartridge: CartridgeId): Experience => ({ kind: 'worked', drive, cartridge });

function verdicts(experiences: readonly Experience[]): readonly (Verdict & { readonly of: Experience })[] {
  const blame = new Blame();
  return experiences.flatMap((of) => {
    const verdict = blame.take(of);
    return verdict ? [{ ...verdict, of }] : [];
  });
}

describe('blame', () => {
  it('a bad cartridge takes no drive down, in whatever order it meets them', () => {
    fc.assert(
      fc.property(pairs, anyCartridge, (uses, bad) => {
        const history = uses.map(([drive, cartridge]) => (cartridge === bad ? failed : worked)(drive, cartridge));
        for (const { kind } of verdicts(history)) assert.notEqual(kind, 'drive');
      }),
    );
  });

  it('a bad drive condemns no cartridge, and is found out with the second one at the latest', () => {
    fc.assert(
      fc.property(pairs, anyDrive, (uses, bad) => {
        const history = uses.map(([drive, cartridge]) => (drive === bad ? failed : worked)(drive, cartridge));
        const all = verdicts(history);
        for (const { kind } of all) assert.notEqual(kind, 'cartridge');
        const [first, second] = [...new Set(uses.flatMap(([drive, cartridge]) => (drive === bad ? [cartridge] : [])))];
        if (first === undefined || second === undefined) return;
        assert.ok(all.some(({ kind }) => kind === 'drive'));
      }),
    );
  });

  it('judges nothing on one failure, and names at least two witnesses of each verdict', () => {
    fc.assert(
      fc.property(pairs, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), (uses, outcomes) => {
        const history = uses.map(([drive, cartridge], index) => (outcomes[index] ? failed : worked)(drive, cartridge));
        for (const [index, verdict] of verdicts(history).entries()) {
          if (index === 0) assert.equal(verdict.kind, 'unclear');
          const { of } = verdict;
          if (verdict.kind === 'cartridge') {
            assert.ok(verdict.drives.length >= 2 && new Set(verdict.drives).size === verdict.drives.length);
            for (const drive of verdict.drives)
              assert.ok(history.some((other) => other.kind === 'failed' && other.drive === drive));
          }
          if (verdict.kind === 'drive') {
            assert.ok(verdict.cartridges.length >= 2);
            assert.ok(of.kind === 'failed' && drives.includes(of.drive));
          }
        }
      }),
    );
  });

  it('lets nothing go on for ever: where all fails, all is judged after a few failures', () => {
    const most = drives.length + cartridges.length + Math.min(drives.length, cartridges.length);
    fc.assert(
      fc.property(fc.array(fc.tuple(anyDrive, anyCartridge), { maxLength: 200 }), (uses) => {
        const kinds = verdicts(uses.map(([drive, cartridge]) => failed(drive, cartridge))).map(({ kind }) => kind);
        assert.ok(kinds.filter((kind) => kind === 'unclear').length <= most);
      }),
    );
  });

  it('where one failure would prove both, it is the cartridge', () => {
    const [one, two, three] = cartridges as [CartridgeId, CartridgeId, CartridgeId];
    const blame = new Blame([failed('D1', one), failed('D2', two)]);
    assert.deepEqual(blame.take(failed('D2', one)), { kind: 'cartridge', drives: ['D1', 'D2'] });
    assert.equal(blame.isSuspected('D1'), false, 'what the bad cartridge did tells against no drive');
    assert.equal(blame.isSuspected('D2'), true);
    assert.deepEqual(blame.take(failed('D2', three)), { kind: 'drive', cartridges: [two, three] });
  });

  it('what was met in a drive that is found bad tells against no cartridge afterwards', () => {
    const [one, two] = cartridges as [CartridgeId, CartridgeId];
    const blame = new Blame([failed('D1', one), failed('D1', two)]);
    assert.equal(blame.take(failed('D2', one))?.kind, 'unclear');
    assert.deepEqual(blame.take(failed('D3', one)), { kind: 'cartridge', drives: ['D2', 'D3'] });
  });

  it('what works is proved good, and a drive that was put back begins anew', () => {
    const [one, two] = cartridges as [CartridgeId, CartridgeId];
    const blame = new Blame([failed('D1', one), worked('D1', two)]);
    assert.equal(blame.isSuspected('D1'), false);
    assert.equal(blame.take(failed('D1', two))?.kind, 'unclear');
    const down = new Blame([failed('D1', one), failed('D1', two)]);
    assert.equal(down.take(failed('D1', one))?.kind, 'drive', 'while it is down');
    down.take({ kind: 'put-back', drive: 'D1' });
    assert.equal(down.isSuspected('D1'), false);
    assert.equal(down.take(failed('D1', one))?.kind, 'unclear');
  });
});
