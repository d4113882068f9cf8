import { chapter } from '#test/faults/library-drives';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
