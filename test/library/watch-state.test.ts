import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { timeLimits as changerLimits } from '#drivers/scsi-changer/time-limits';
import { timeLimits as tapeLimits } from '#drivers/scsi-tape/time-limits';
import { type Duration, milliseconds, minutes } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import { PhaseWatch } from '#src/library/watchdog/phase-watch';
import { describeBudget, type Phase, phases, stopGrace } from '#src/library/watchdog/phases';
import { beginWatch, nextWatch, type WatchInput } from '#src/library/watchdog/watch-state';
import { Timeline } from '#test/support/timeline';

const names = Object.keys(phases) as Phase[];
const overdue = (phase: Phase): DeviceError =>
  new DeviceError('drive.overdue', { message: phase, remedy: 'Wait.', usable: false });

const inputs: fc.Arbitrary<WatchInput> = fc.oneof(
  fc.constant<WatchInput>({ kind: 'rang' }),
  fc.boolean().map((fruitful): WatchInput => ({ kind: 'settled', fruitful })),
);

describe('watchdog: the machine', () => {
  it('answers whoever waits exactly once, whatever comes in which order, and then has no alarm armed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(inputs, { minLength: 2, maxLength: 6 }), (phase, sequence) => {
        let { state, effects } = beginWatch(phase);
        const all = [...effects];
        for (const input of sequence) {
          const isSilent = ['ended', 'stopped', 'lost'].includes(state.kind);
          ({ state, effects } = nextWatch(state, input));
          assert.ok(!isSilent || effects.length === 0);
          all.push(...effects);
        }
        const answers = all.filter(({ kind }) => kind === 'deliver' || kind === 'give-up');
        assert.equal(answers.length, 1);
        const rung = sequence.filter(({ kind }) => kind === 'rang').length;
        assert.ok(['ended', 'stopped', 'lost'].includes(state.kind));
        assert.ok(all.filter(({ kind }) => kind === 'arm').length <= 2 && (rung > 0 || answers[0]?.kind === 'deliver'));
      }),
    );
  });
});

describe('watchdog: over a device', () => {
  it('sets free whoever waits for what never answers: at the end of the budget and the grace, and not before', async () => {
    for (const phase of names) {
      const time = new Timeline();
      const watch = new PhaseWatch({ alarm: time.alarm, overdue });
      let told: AbortSignal | undefined;
      let isFree = false;
      const waiting = watch.during(phase, (signal) => {
        told = signal;
        return new Promise<never>(() => undefined);
      });
      const freed = waiting.catch((error: unknown) => {
        isFree = true;
        return error;
      });
      time.pass(milliseconds(phases[phase].budget - 1));
      assert.equal(told?.aborted, false, phase);
      time.pass(milliseconds(1));
      assert.equal(told?.aborted, true, phase);
      time.pass(milliseconds(stopGrace - 1));
      await Promise.resolve();
      assert.equal(isFree, false, phase);
      time.pass(milliseconds(1));
      assert.equal((await freed) instanceof DeviceError, true);
      assert.equal(time.armed, 0);
      await assert.rejects(
        watch.during('unload', async () => undefined),
        /./,
        'nothing more can be asked of it',
      );
    }
  });

  it('still lets a device that heeds the signal unload, and nothing else', async () => {
    const time = new Timeline();
    const watch = new PhaseWatch({ alarm: time.alarm, overdue });
    const waiting = watch.during(
      'load',
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    time.pass(phases.load.budget);
    await assert.rejects(waiting, { message: 'load' });
    assert.equal(await watch.during('unload', async () => 'out'), 'out');
    await assert.rejects(
      watch.during('data', async () => 'read'),
      { message: 'load' },
    );
  });

  it('takes what comes in the grace for done, passes on what fails, and leaves no alarm behind', async () => {
    const time = new Timeline();
    const watch = new PhaseWatch({ alarm: time.alarm, overdue });
    let finish = (_: string): void => undefined;
    const late = watch.during('position', () => new Promise<string>((resolve) => (finish = resolve)));
    time.pass(phases.position.budget);
    finish('there');
    assert.equal(await late, 'there');
    await assert.rejects(
      watch.during('data', () => Promise.reject(new RangeError('its own'))),
      RangeError,
    );
    const controller = new AbortController();
    const stopped = watch.during(
      'data',
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      controller.signal,
    );
    controller.abort(new RangeError('by hand'));
    await assert.rejects(stopped, { message: 'by hand' });
    assert.equal(time.armed, 0);
    assert.equal(await watch.during('data', async (signal) => signal.aborted), false);
  });
});

describe('watchdog: budgets', () => {
  it('are longer than all that the drivers allow for the commands of a phase, so that those speak first', () => {
    const sum = (...limits: Duration[]) => limits.reduce((total, limit) => total + limit, 0);
    const tape = tapeLimits;
    assert.ok(phases.data.budget > Math.max(tape.transfer, tape.filemark));
    assert.ok(phases.position.budget > sum(tape.rewind, tape.position, tape.position));
    assert.ok(phases.load.budget > sum(tape.loadWait, tape.rewind));
    assert.ok(phases.unload.budget > sum(tape.unload, tape.rewind));
    assert.ok(phases.unloadUnready.budget > sum(tape.loadWait, tape.unload));
    assert.ok(phases.erase.budget > tape.erase);
    assert.ok(phases.move.budget > sum(changerLimits.move, changerLimits.becomingReady));
    assert.ok(phases.look.budget >= sum(changerLimits.becomingReady, (4 * changerLimits.elementStatus) as Duration));
    assert.ok(phases.rescan.budget >= sum(changerLimits.rescan, changerLimits.becomingReady));
    // By the makers, an LTO-9 cartridge calibrates for up to 132 minutes at its first load.
    assert.ok(phases.load.budget > minutes(132) && phases.unloadUnready.budget > minutes(132));
    assert.equal(describeBudget(minutes(150)), '2 h 30 min');
  });
});
