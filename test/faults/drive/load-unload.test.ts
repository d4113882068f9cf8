import { after } from 'node:test';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { driveLoadUnload } from '#test/faults/drive/load-unload';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(driveLoadUnload);
