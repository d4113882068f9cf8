import { after } from 'node:test';
import { driveAlerts } from '#test/faults/drive/alerts';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(driveAlerts);
