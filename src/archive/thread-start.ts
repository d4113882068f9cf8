import { once } from 'node:events';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { isStopped, type PipelineMemory } from '#src/archive/pipeline-memory';
import { bug } from '#src/base/errors';

/** What a thread of the archiver does from its start to its end: waits for its data (nothing: it is not needed), works, and ends. */
export async function runThread<Data extends { readonly memory: PipelineMemory }>(
  work: (data: Data, port: MessagePort) => void,
): Promise<void> {
  if (!parentPort) throw bug('a part of the archiver runs as a thread');
  const [data] = (await once(parentPort, 'message')) as [Data | undefined];
  if (data === undefined) return;
  try {
    work(data, parentPort);
  } catch (error) {
    // Told to stop: whoever told it knows why.
    if (!isStopped(data.memory)) throw error;
  }
}
