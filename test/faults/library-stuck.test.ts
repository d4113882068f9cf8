import { chapter } from '#test/faults/library-stuck';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
