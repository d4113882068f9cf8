import { chapter } from '#test/faults/library-hands';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
