import { chapter } from '#test/faults/library-moves';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
