import { after } from 'node:test';
import { disposeSharedTemplate } from '#test/faults/drive/drive-site';
import { driveField } from '#test/faults/drive/field';
import { describeChapter } from '#test/faults/scenario';

after(disposeSharedTemplate);
describeChapter(driveField);
