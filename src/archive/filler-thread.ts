import type { MessagePort } from 'node:worker_threads';
import { EntryArchiver } from '#src/archive/entry-archiver';
import { systemFileOperations } from '#src/archive/file-operations';
import { LinkTable } from '#src/archive/link-table';
import { PackBuilder } from '#src/archive/pack-builder';
import { packBytes } from '#src/archive/pipeline-memory';
import { type Task, takeTask } from '#src/archive/task-queue';
import type { FillerData } from '#src/archive/thread-messages';
import { ThreadOutlet } from '#src/archive/thread-outlet';
import { runThread } from '#src/archive/thread-start';
import { systemClock } from '#src/base/clock';

/** A thread of the archiver that reads entries into packs. */
function fill({ memory, filler, links }: FillerData, port: MessagePort): void {
  const table = new LinkTable(links);
  const outlet = new ThreadOutlet(memory, filler, table, port);
  const builder = new PackBuilder(outlet);
  const archiver = new EntryArchiver({
    files: systemFileOperations,
    builder,
    findLink: (fileSystem, inode) => table.find(fileSystem, inode),
    // Stamps of files are compared with the clock of the machine that stamps them, whatever date the program was told.
    clock: systemClock,
    mostHeaderBytes: Math.min(packBytes, memory.segmentBytes) / 2,
  });
  const nextTask = (): Task | undefined => takeTask(memory, () => outlet.placeAll());
  for (let task = nextTask(); task; task = nextTask()) {
    builder.beginTask(task.number);
    archiveTask(archiver, builder, task);
    builder.endTask();
  }
  outlet.placeAll();
}

function archiveTask(archiver: EntryArchiver, builder: PackBuilder, task: Task): void {
  let directory = '';
  for (const record of task.records) {
    if (record.kind === 'directory') directory = record.path;
    else if (record.kind === 'repeat') archiver.repeatDirectory(record.path);
    else if (record.kind === 'close') builder.close();
    else archiver.archive(directory, record.name, record.isFile);
  }
}

await runThread(fill);
