import { chapter } from '#test/faults/others';
import { describeChapter } from '#test/faults/scenario';

describeChapter(chapter);
