import { after } from 'node:test';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { driveOther } from '#test/faults/drive/other-drive';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(driveOther);
