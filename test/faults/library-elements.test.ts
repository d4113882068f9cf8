import { chapter } from '#test/faults/library-elements';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
