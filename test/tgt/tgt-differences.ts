import { steps } from '#test/tgt/side-by-side';

export interface Answers {
  readonly virtual: string;
  readonly tgt: string;
}

interface Difference extends Answers {
  readonly reason: string;
}

const lacks = (virtual: string, reason: string): Difference => ({ virtual, tgt: '5/20/00', reason });
const unknown = (virtual: string): Difference => ({
  virtual,
  tgt: 'good; location unknown',
  reason: 'tgt does not know where it is, and says so; the driver counts',
});

/** By the name of the step in `side-by-side.ts`. */
export const differences: Readonly<Record<string, Difference>> = {
  'changer: PREVENT ALLOW MEDIUM REMOVAL': lacks(
    'good',
    'tgt has no such command for changers; the doors stay unlocked',
  ),
  'changer: MOVE MEDIUM, no such element': {
    virtual: '5/21/01',
    tgt: '5/24/00',
    reason: 'SMC-3 has 21/01 (invalid element address); tgt says invalid field',
  },
  'drive: first command after the load': {
    virtual: '6/28/00',
    tgt: 'good',
    reason: 'tgt reports no attention for a new medium; the label is read after each load in any case',
  },
  'drive: READ BLOCK LIMITS': {
    virtual: 'good; 1 to 8388608',
    tgt: 'good; 4 to 1048576',
    reason: 'limits of tgt; every block that is written fits both',
  },
  'drive: mode page 1Dh, WORM medium': {
    virtual: 'good; worm false',
    tgt: 'good; worm true',
    reason: 'tgt says so of every cartridge, and that it has no WORM mode (next row); then the bit counts for nothing',
  },
  'drive: VPD B0h, WORM mode': {
    virtual: 'good; worm true',
    tgt: 'good; worm false',
    reason: 'the virtual drive works with WORM cartridges',
  },
  'drive: LOG SENSE': lacks('good', 'tgt has no logs; no alerts then'),
  'drive: READ ATTRIBUTE': lacks('good', 'tgt has no medium memory; cartridges have no serial and no capacity then'),
  'drive: REPORT DENSITY SUPPORT': lacks(
    'good',
    'tgt has no list of densities; the generation is that of the barcode then',
  ),
  'drive: READ, blank': {
    virtual: '8/00/05 info=100',
    tgt: '8/00/00 EOM',
    reason: 'SSC-5 asks for 00/05 and the residual; the key alone is believed',
  },
  'drive: READ POSITION at the beginning': unknown('good; BOP object 0'),
  'drive: READ POSITION, 5 objects written': unknown('good; object 5'),
  'drive: READ POSITION, long form': {
    virtual: 'good; object 5 file 2',
    tgt: 'good; object 0 file 0',
    reason: 'tgt answers the long form with zeros wherever it stands; the short form is asked first, and decides',
  },
  'drive: READ, end of data': {
    virtual: '8/00/05 info=100',
    tgt: '8/00/00 EOM',
    reason: 'as at the beginning of a blank cartridge',
  },
  'drive: SPACE, filemarks to the end': {
    virtual: '8/00/05 info=4',
    tgt: '0/00/05',
    reason: 'tgt tells not how far it came; the driver knows where the data end once it wrote or read there',
  },
  'drive: READ before that filemark': {
    virtual: '0/00/01 FM info=100',
    tgt: 'good',
    reason:
      'backwards over filemarks tgt ends one object too far back; the driver goes back by objects where it counts',
  },
  'drive: SPACE, more filemarks back than there are': {
    virtual: '0/00/04 EOM info=7',
    tgt: '0/00/04',
    reason: 'tgt tells not how far it came, and sets no EOM bit at the beginning',
  },
  'drive: SPACE, 3 blocks over a filemark': {
    virtual: '0/00/01 FM info=1',
    tgt: 'good',
    reason: 'tgt counts filemarks as blocks and does not stop at them',
  },
  'drive: SPACE, as many objects as there are': {
    virtual: '0/00/01 FM info=3',
    tgt: '0/00/05',
    reason:
      'tgt reports the end of data when the last object that was asked for is the last that there is; the driver reads the one before to tell',
  },
  'drive: SPACE, more blocks back than there are': {
    virtual: '0/00/01 FM info=9',
    tgt: 'good',
    reason: 'tgt stops at the beginning without a word; the driver asks for no more than it counted',
  },
  'drive: LOCATE(10)': lacks('good', 'tgt cannot locate; the driver rewinds and spaces'),
  'drive: LOCATE(16)': lacks('8/00/05', 'tgt cannot locate; the driver rewinds and spaces'),
  'drive: TEST UNIT READY after the unload': {
    virtual: '2/3a/00',
    tgt: 'good',
    reason:
      'tgt does nothing at an unload without its own LoEj bit, which SSC-5 has as RETEN; it lets the changer take the cartridge all the same',
  },
};

/** The section of `docs/hardware.md`. */
export function renderTgtDifferences(): string {
  const rows = steps.flatMap(({ name }) => {
    const difference = differences[name];
    return difference ? [`| ${name} | ${difference.virtual} | ${difference.tgt} | ${difference.reason} |`] : [];
  });
  return `## The virtual library and tgt, side by side

<!-- Written by \`npm run docs\` from test/tgt/tgt-differences.ts; edit that. -->

A test sends ${steps.length} commands to a virtual library and to tgt 1.0.85, one after the other, and compares status, sense data (key/ASC/ASCQ, bits,
INFORMATION) and what the answers say. They are answered alike but for these ${rows.length}; and tgt never points to the field of a CDB that it dislikes.

| command | virtual | tgt | why, and what the driver makes of it |
|---|---|---|---|
${rows.join('\n')}
`;
}
