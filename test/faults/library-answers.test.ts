import { chapter } from '#test/faults/library-answers';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
