import { status } from '#src/scsi/status';
import { troubles } from '#test/faults/changer-troubles';
import { giveUp, inMove, once } from '#test/faults/move-fault';
import type { Scenario } from '#test/faults/scenario';

/** The robot's answer is late, or never comes. */
export const lateness: readonly Scenario[] = [
  inMove({
    name: 'the library gives the move up',
    ...giveUp(troubles.dataPhase, 'once'),
    outcome: 'A move is not sent twice; the inventory that follows says where the cartridge is.',
  }),
  inMove({
    name: 'a library that is busy for a while',
    sense: 'BUSY, five times',
    outcome: 'It is asked again, and the cartridge is moved.',
    messages: [],
    faults: [{ times: 5, action: { kind: 'status', status: status.busy } }],
    lies: 'slot:5',
  }),
  inMove({
    name: 'a library that is busy for ever',
    ...giveUp(troubles.busy, 'always'),
    outcome: 'After a minute it is given up.',
  }),
  inMove({
    name: 'another host has reserved the library',
    ...giveUp(troubles.reserved, 'once'),
    outcome: 'Nothing was moved.',
  }),
  inMove({
    name: 'a move that is not answered, and was not made',
    sense: 'time-out',
    outcome: 'Where the cartridge is, is only what the next inventory says; it is taken at once.',
    messages: ['… did not answer in time …; G00002L9 is in slot:2 now\nRun the command again.'],
    faults: once({ kind: 'time-out' }),
    fails: [1, 'device.time-out'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a move that is not answered, and was made',
    sense: 'time-out, after the move',
    outcome: 'As above: the inventory finds the cartridge in its new place.',
    messages: ['… did not answer in time …; G00002L9 is in slot:5 now\nRun the command again.'],
    faults: once({ kind: 'time-out', at: 'after' }),
    fails: [1, 'device.time-out'],
    lies: 'slot:5',
  }),
  inMove({
    name: 'the connection is lost in a move that is made',
    sense: 'the connection is lost after it, and stays lost',
    outcome:
      'The catalog keeps what it knew until the library can be asked; the next command looks first, and finds the cartridge in its new place.',
    messages: [
      'warning: The connection to … is lost …. (library.inventory-failed)',
      'The connection to … is lost …; where G00002L9 is now, only the next inventory tells\nRun the command again.',
    ],
    faults: once({ kind: 'unreachable', at: 'after', stays: true }),
    fails: [1, 'device.unreachable'],
    lies: 'slot:5',
  }),
];
