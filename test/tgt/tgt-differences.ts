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
  'changer: VPD 00h, pages': {
    virtual: 'good; pages 00h 80h 83h',
    tgt: 'good; pages 00h 80h 83h B0h B1h B2h',
    reason: 'tgt lists the pages of its tape drives for its changer too; a changer is asked for 80h and 83h alone',
  },
  'drive: VPD 00h, pages': {
    virtual: 'good; pages 00h 80h 83h B0h',
    tgt: 'good; pages 00h 80h 83h B0h B1h B2h',
    reason:
      'the virtual drive has no B1h (serial number by the manufacturer) and no B2h (TapeAlert flags); the driver asks for neither',
  },
  'changer: VPD 83h, designators': {
    virtual: 'good; unit type 1 with serial number',
    tgt: 'good; unit type 1, unit type 3, unit type 3',
    reason:
      "the designators of tgt (T10 vendor identification and NAA) are made of the unit's number in tgt, the virtual one of names and serial number; the driver takes the serial number from page 80h",
  },
  'drive: VPD 83h, designators': {
    virtual: 'good; unit type 1 with serial number',
    tgt: 'good; unit type 1, unit type 3, unit type 3',
    reason: 'as of the changer',
  },
  'changer: REPORT LUNS': {
    virtual: 'good; 3 units',
    tgt: 'good; 4 units',
    reason: 'LUN 0 of tgt is a controller of its own; only units whose INQUIRY says changer or tape are used',
  },
  'changer: REPORT SUPPORTED OPERATION CODES': {
    virtual: 'good; lacks LOG SENSE, READ ATTRIBUTE',
    tgt: 'good; lacks MODE SELECT(6), LOG SENSE, MODE SELECT(10), READ ATTRIBUTE',
    reason: 'tgt cannot set modes of its changer; the driver never does',
  },
  'drive: REPORT SUPPORTED OPERATION CODES': {
    virtual: 'good; lacks none',
    tgt: 'good; lacks ERASE(6), LOCATE(10), REPORT DENSITY SUPPORT, LOG SENSE, MODE SELECT(10), READ ATTRIBUTE, SPACE(16), LOCATE(16)',
    reason: 'tgt has none of them, and refuses each (below); the driver asks for this list first and does without',
  },
  'changer: MODE SENSE(10), all pages': {
    virtual: 'good; pages 1Dh 1Eh 1Fh',
    tgt: 'good; pages 00h 0Ah 0Ah 1Ah 1Ch 1Dh 1Eh 1Fh',
    reason: 'tgt has more pages, one of them a subpage that was not asked for; the driver looks for the page it wants',
  },
  'changer: MODE SELECT(6), a header alone': lacks(
    'good',
    'tgt cannot set modes of its changer; the driver never does',
  ),
  'changer: MODE SELECT(10), a header alone': lacks('good', 'as MODE SELECT(6)'),
  'changer: READ ELEMENT STATUS, 2 of the slots': {
    virtual: 'good; 2: T00001L8 T00002L8',
    tgt: 'good; 4: T00001L8 T00002L8',
    reason: 'tgt ignores NUMBER OF ELEMENTS; the driver drops what it did not ask for',
  },
  'changer: READ ELEMENT STATUS, drives with DVCID': {
    virtual: 'good; 2 drives, 2 identified',
    tgt: 'good; 2 drives, 1 identified',
    reason:
      'tgt cuts the last descriptor by 8 bytes, and with them the serial number of the last drive; the drive that is left over is taken to stand behind the element that is left over',
  },
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
  'drive: first command after another load': {
    virtual: '6/28/00',
    tgt: 'good',
    reason: 'as after the first load',
  },
  'drive: MODE SENSE(10), all pages': {
    virtual: 'good; pages 0Ah 0Fh 10h 1Ch 1Dh',
    tgt: 'good; pages 00h 01h 02h 0Ah 0Ah 0Fh 10h 1Ch 1Dh',
    reason: 'tgt has more pages, one of them a subpage that was not asked for; the driver looks for the page it wants',
  },
  'drive: MODE SELECT(10), variable blocks': lacks('good', 'tgt has MODE SELECT(6) alone; the driver sends no other'),
  'drive: READ, SILI, room for more': {
    virtual: 'good; 100 bytes',
    tgt: '0/00/00 ILI info=156; 156 bytes, wrong from byte 100 on',
    reason:
      'tgt ignores SILI, and takes what is left over (156) for what came; the driver never sets SILI, and reckons the length of the block from INFORMATION',
  },
  'drive: READ, SILI, block too long': {
    virtual: 'good; 10 bytes',
    tgt: '0/00/00 ILI info=-90',
    reason:
      'SSC-5 has SILI suppress this too in variable-block mode, and the block is cut without a word; therefore the driver never sets it',
  },
  'drive: READ, room for 1.5 blocks': {
    virtual: '0/00/00 ILI info=50; 100 bytes',
    tgt: '0/00/00 ILI info=50; 50 bytes',
    reason:
      "tgt takes what is left over (50) for what came, and sends no more of the block; the driver asks for the block's length or at least twice as much",
  },
  'drive: READ, FIXED without a block length': {
    virtual: '5/24/00',
    tgt: '3/31/00; 100 bytes, wrong from byte 0 on',
    reason:
      'SSC-5 has 24/00 (invalid field) in variable-block mode; tgt finds the block not to be of length 0 and calls the format corrupt; the driver never sets FIXED',
  },
  'drive: SPACE(16), 1 block': lacks('good', 'tgt has SPACE(6) alone; the driver then spaces in steps that fit it'),
  'drive: ERASE(6), short': lacks('good', 'tgt cannot erase; a label is written over what there is'),
  'drive: READ, erased': {
    virtual: '8/00/05 info=100',
    tgt: 'good; 100 bytes',
    reason: 'what tgt did not erase is there',
  },
  'drive: ERASE(6), long': lacks('good', 'tgt cannot erase; no command of the program needs it'),
};

/** Steps that both refuse with INVALID COMMAND OPERATION CODE. */
export const refusedByBoth: readonly string[] = [
  'changer: PERSISTENT RESERVE IN',
  'changer: PERSISTENT RESERVE OUT',
  'changer: POSITION TO ELEMENT',
  'changer: LOG SENSE',
  'changer: EXCHANGE MEDIUM',
  'drive: PERSISTENT RESERVE IN',
  'drive: PERSISTENT RESERVE OUT',
];

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

Both refuse these, with 5/20/00: ${refusedByBoth.join('; ')}.
The program sends none of these.

| command | virtual | tgt | why, and what the driver makes of it |
|---|---|---|---|
${rows.join('\n')}
`;
}
