import { after } from 'node:test';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { driveEndOfMedium } from '#test/faults/drive/end-of-medium';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(driveEndOfMedium);
