import { after } from 'node:test';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { driveExtremes } from '#test/faults/drive/extremes';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(driveExtremes);
