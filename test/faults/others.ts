import { retention, streams } from '#test/faults/others-jobs';
import { media } from '#test/faults/others-media';
import type { Chapter } from '#test/faults/scenario';

export const chapter: Chapter = {
  title: 'What went wrong for others',
  introduction:
    'Failures that users of other programs reported, or that their manuals warn of, each made to happen here. The names say where it was reported: ' +
    'the number of the issue in the tracker of the program, its manual, or its notes to a release.',
  scenarios: [...media, ...retention, ...streams],
};
