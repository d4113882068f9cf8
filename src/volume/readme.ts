/** What the README needs to know of the cartridge: only what never changes. */
export interface ReadmeFacts {
  readonly barcode: string;
  readonly volume: string;
  readonly blockSizeBytes: number;
  readonly labelledAt: string;
  readonly writtenBy: string;
  /** The cartridge is a file in the SIMH format (a virtual library's). */
  readonly virtual: boolean;
}

const restoreTar = "tar --numeric-owner --xattrs --xattrs-include='*' --acls --delay-directory-restore -xpf -";

/**
 * README.txt of a cartridge, for somebody who has only the cartridge. A test takes the lines that begin with four spaces out of it and runs
 * them, so every one of them is a command.
 */
export function cartridgeReadme(facts: ReadmeFacts): string {
  return `${heading(facts)}
${facts.virtual ? virtualCommands(facts) : deviceCommands(facts)}
${whatIsWhat}
${ifDamaged}`;
}

const heading = (facts: ReadmeFacts): string => `This cartridge was written by Grandsire, a media manager for tape.

Cartridge ${facts.barcode}
Volume    ${facts.volume}
Labelled  ${facts.labelledAt} by ${facts.writtenBy}
Blocks    of up to ${facts.blockSizeBytes} bytes, variable length

You do not need Grandsire to read it: dd, tar and zstd are enough.

HOW IT IS LAID OUT

The tape is a row of "tape files", each ended by a filemark. Tape file 0 is this label. Each of the others
begins with one small block, its descriptor (a tar member with some lines of JSON that say what follows), and
then comes the payload. The payloads of all segments of one data set, put one behind the other in the order of
their numbers, are one tar archive. A data set may go on over several cartridges; then the payloads of all of
them are put together.
`;

const deviceCommands = (_facts: ReadmeFacts): string => `HOW TO READ IT (a drive under Linux, as root)

Variable-length blocks first, and to the beginning:

    mt -f /dev/nst0 setblk 0
    mt -f /dev/nst0 rewind

What is in tape file N (here 1): go there, read the first block.

    mt -f /dev/nst0 rewind
    mt -f /dev/nst0 fsf 1
    dd bs=1M count=1 </dev/nst0 | tar -xO

Always let dd read the device, never tar, and never use dd's skip= on a tape (it does nothing).
One payload is everything behind the first block; this restores a data set whose only segment is tape file 1:

    mt -f /dev/nst0 rewind
    mt -f /dev/nst0 fsf 1
    (dd bs=1M count=1 of=/dev/null; dd bs=1M) </dev/nst0 | ${restoreTar}

With several segments, write each payload to a file (0001, 0002, ... in the order of "number" in the descriptors), then
put them together and extract once: cat 0001 0002 0003 | tar ... as above.
`;

const virtualCommands = (
  facts: ReadmeFacts,
): string => `HOW TO READ IT (a file in the SIMH tape format: ${facts.barcode}.tap)

This shell function writes tape file N of an image to its standard output, from block FROM to block TO (counted from 0):

    tapefile() { i=$1 n=$2 from=\${3:-0} to=\${4:-9999999999} o=0 f=0 b=0
    while w=$(od -An -v -tu4 --endian=little -j$o -N4 "$i" | tr -d ' ') && [ -n "$w" ] && [ "$w" != 4294967295 ]; do
    if [ "$w" = 4294967294 ]; then o=$((o+4)); continue; fi
    if [ "$w" = 0 ]; then [ $f = $n ] && return; f=$((f+1)) b=0 o=$((o+4)); continue; fi
    [ $f = $n ] && [ $b -gt $to ] && return
    [ $f = $n ] && [ $b -ge $from ] && dd if="$i" bs=1M iflag=skip_bytes,count_bytes skip=$((o+4)) count=$w status=none
    b=$((b+1)) o=$((o+8+w+w%2)); done; }

What is in tape file N (here 1): its first block.

    tapefile ${facts.barcode}.tap 1 0 0 | tar -xO

One payload is everything behind the first block; this restores a data set whose only segment is tape file 1:

    tapefile ${facts.barcode}.tap 1 1 | ${restoreTar}

With several segments (here tape files 1 and 2), in the order of "number" in the descriptors:

    for n in 1 2; do tapefile ${facts.barcode}.tap $n 1; done | ${restoreTar}
`;

const whatIsWhat = `WHAT IS WHAT

"kind" in a descriptor: "segment" is data; "index" lists the files of a data set (zstd -d, then tar -x: lines
of JSON, and in data-set.json all segments and the cartridges they are on); "catalog" is a copy of Grandsire's
own database; "void" and unknown kinds are skipped. A tape file whose payload is shorter than "payloadBytes"
was given up: skip it, the same segment comes again, whole, later or on the next cartridge. How many tape
files there are, the last index says: an empty tape file (two filemarks in a row) is not the end. "codecs"
tells what was done to a payload, first step first: undo from the last to the first. [] means nothing; "zstd":
put "zstd -d" before tar; "age": put "age -d -i KEYFILE" before that, and decrypt each payload by itself
before they are put together. Harmless warnings of tar: unknown keyword 'hdrcharset', implausibly old time
stamp.
`;

const ifDamaged = `WHEN A SEGMENT IS LOST

Begin again with the next one at its first whole member: "firstHeader" in its descriptor is the offset of a
tar header in its payload, so put this between the payload and tar, with the number in place of FIRSTHEADER:
tail -c +$((FIRSTHEADER+1)).
`;
