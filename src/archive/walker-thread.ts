import type { MessagePort } from 'node:worker_threads';
import { createDirectoryListing } from '#src/archive/directory-listing';
import { systemFileOperations } from '#src/archive/file-operations';
import { PendingDirectories } from '#src/archive/pending-directories';
import { controlWords, placementWords, waitWhile } from '#src/archive/pipeline-memory';
import { askMainThread, createReferenceReader } from '#src/archive/reference-reader';
import { TaskProducer } from '#src/archive/task-queue';
import type { Deletion, WalkerData, WalkerMessage } from '#src/archive/thread-messages';
import { runThread } from '#src/archive/thread-start';
import { Walker } from '#src/archive/walker';
import { bug } from '#src/base/errors';

const deletionsAtATime = 1000;

/** The thread that walks the selected trees and hands out tasks. */
function walkSelection({ memory, hasReference, scratchDirectory, ...settings }: WalkerData, port: MessagePort): void {
  const send = (message: WalkerMessage): void => port.postMessage(message);
  const producer = new TaskProducer(memory);
  let deletions: Deletion[] = [];
  const sendDeletions = (): void => {
    if (deletions.length > 0) send({ kind: 'deletions', deletions });
    deletions = [];
  };
  using pending = new PendingDirectories(scratchDirectory);
  const walker = new Walker({
    files: systemFileOperations,
    list: createDirectoryListing(scratchDirectory),
    pending,
    ...settings,
    reference: hasReference ? createReferenceReader(memory, port) : undefined,
    add: (directory, name, isFile) => producer.addName(directory, name, isFile),
    warn: (warning) => send({ kind: 'warning', warning }),
    deleted: (deletion) => {
      deletions.push(deletion);
      if (deletions.length >= deletionsAtATime) sendDeletions();
    },
  });
  const result = walker.walk();
  sendDeletions();
  producer.flush();
  // Only when everything has its place is it known which directories lie across a cut.
  const { control } = memory;
  const produced = Atomics.load(control, controlWords.tasksProduced);
  for (let turn = Atomics.load(control, controlWords.turn); turn < produced; ) {
    turn = waitWhile(memory, control, controlWords.turn, turn);
  }
  const answer = askMainThread(memory, port, { kind: 'walked', ...result });
  if (answer.kind !== 'repeat') throw bug('the answer is to another question');
  for (const directory of answer.directories) producer.addRepeat(directory);
  const { placement } = memory;
  const isEmpty = placement[placementWords.segment] === 1 && placement[placementWords.usedBytes] === 0;
  if (!isEmpty) producer.addClose();
  producer.finish();
}

await runThread(walkSelection);
