import { after } from 'node:test';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { drivePlaceless } from '#test/faults/drive/placeless';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(drivePlaceless);
