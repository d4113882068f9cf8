import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { foreignFormat } from '#src/session/foreign-format';

const at = (offset: number, text: string): Buffer => {
  const block = Buffer.alloc(1024);
  block.write(text, offset, 'latin1');
  return block;
};

describe('the format of a first block that is not ours', () => {
  it('is named where its makers left their mark', () => {
    for (const format of ['ustar', 'gnu', 'pax'])
      assert.equal(
        foreignFormat(execFileSync('tar', [`--format=${format}`, '-cf', '-', '/etc/passwd'])),
        'tar',
        format,
      );
    assert.equal(foreignFormat(at(0, `VOL1ABC123${' '.repeat(14)}LTFS`)), 'LTFS');
    assert.equal(foreignFormat(at(0, 'VOL1ABC123')), 'ANSI label');
    assert.equal(foreignFormat(at(0, '\xe5\xd6\xd3\xf1')), 'IBM label');
    assert.equal(foreignFormat(at(0, '070701')), 'cpio');
    assert.equal(foreignFormat(at(12, 'BB02')), 'Bacula');
    assert.equal(foreignFormat(at(0, 'AMANDA: TAPESTART DATE X TAPE T1')), 'Amanda');
  });

  it('is not guessed', () => {
    for (const block of [Buffer.alloc(0), Buffer.alloc(4), at(1, 'VOL1'), Buffer.alloc(10_240, 'x')])
      assert.equal(foreignFormat(block), undefined);
  });
});
