/** Whose fault a failure is. */
export type Blame = 'bug' | 'caller' | 'device' | 'medium' | 'operator';

/** How a command that ends with this failure ends; the command line maps each to one exit code. */
export type FailureKind = 'failed' | 'usage' | 'waiting' | 'not-found' | 'refused' | 'interrupted';

interface CodeDefinition {
  readonly blame: Blame;
  readonly kind: FailureKind;
  /** For `docs/cli/errors.md`: what it means, in one sentence. */
  readonly meaning: string;
}

const define = (blame: Blame, kind: FailureKind, meaning: string): CodeDefinition => ({ blame, kind, meaning });

/**
 * Every code that a failure, a warning or a finding can carry: `noun.reason`. Add in the alphabetical place; never rename
 * (scripts match on them). `docs/cli/errors.md` is written from this table.
 */
export const errorCodes = {
  'archive.damaged': define('medium', 'failed', 'The archive holds something that the format does not allow there.'),
  'archive.truncated': define('medium', 'failed', 'The archive ends where more was announced.'),
  'archive.wrong-member': define(
    'medium',
    'failed',
    'At the place that the catalog names, the archive holds another file than it says.',
  ),
  'backup.root-missing': define(
    'operator',
    'failed',
    'A folder that a set includes is missing or cannot be read; nothing below it counts as deleted.',
  ),
  'cartridge.ambiguous': define(
    'operator',
    'refused',
    'Several cartridges carry this barcode; the place tells which one is meant.',
  ),
  'cartridge.booked-elsewhere': define(
    'operator',
    'failed',
    'A cartridge was seen in a library and had been booked somewhere else.',
  ),
  'cartridge.cleaning': define(
    'operator',
    'refused',
    'A cleaning cartridge was named, or met, where data is expected.',
  ),
  'cartridge.contradicts-catalog': define(
    'medium',
    'refused',
    'What is on a cartridge is not what the catalog says; nothing was written to it.',
  ),
  'cartridge.damaged-label': define(
    'medium',
    'refused',
    'A label of this format that cannot be understood; the cartridge is not written to.',
  ),
  'cartridge.duplicate-barcode': define('operator', 'failed', 'Several cartridges in a library carry one barcode.'),
  'cartridge.duplicate-volume': define(
    'operator',
    'refused',
    'The volume of the cartridge was met on another one, too; neither is written to.',
  ),
  'cartridge.failed-twice': define(
    'medium',
    'failed',
    'The cartridge failed in two drives, so it is the cartridge; it is not written to any more.',
  ),
  'cartridge.foreign': define(
    'operator',
    'refused',
    'The cartridge holds something that this program did not write; it is left as it is.',
  ),
  'cartridge.held': define('operator', 'refused', 'A hold protects the cartridge until it is lifted.'),
  'cartridge.in-robot': define('device', 'failed', 'The robot still holds a cartridge from a move that was cut off.'),
  'cartridge.incompatible': define('operator', 'refused', 'No drive can use a cartridge of this generation.'),
  'cartridge.label-failed': define('medium', 'failed', 'The label could not be written, or not be read back.'),
  'cartridge.newer-format': define(
    'operator',
    'refused',
    'The cartridge is written in a version of the format that this program does not know.',
  ),
  'cartridge.newer-than-catalog': define(
    'operator',
    'refused',
    'The cartridge holds more than this catalog knows of; it must be read into the catalog first.',
  ),
  'cartridge.no-barcode': define('operator', 'failed', 'The library cannot read the barcode of a cartridge.'),
  'cartridge.none-suitable': define(
    'operator',
    'waiting',
    'No cartridge is left that a run may write to; what is staged stays staged.',
  ),
  'cartridge.not-brought-home': define('device', 'failed', 'A cartridge could not be brought back to a slot.'),
  'cartridge.not-found': define('operator', 'not-found', 'No such cartridge is known.'),
  'cartridge.not-in-library': define('operator', 'waiting', 'The cartridge is not where the robot can reach it.'),
  'cartridge.protected': define(
    'operator',
    'refused',
    'Something on the cartridge is still protected, so it is not overwritten.',
  ),
  'cartridge.retired': define(
    'operator',
    'refused',
    'The cartridge is retired or damaged and is not written to any more.',
  ),
  'cartridge.stuck': define(
    'device',
    'failed',
    'The cartridge is in a drive that is out of use, and cannot be taken out.',
  ),
  'cartridge.unexpectedly-blank': define(
    'medium',
    'refused',
    'The catalog says that a volume is on the cartridge, and it is blank.',
  ),
  'cartridge.unlabelled': define('operator', 'refused', 'The cartridge carries no volume of ours to append to.'),
  'cartridge.unreadable': define(
    'medium',
    'refused',
    'The beginning of the cartridge cannot be read, so nobody knows what is on it.',
  ),
  'cartridge.unreadable-block': define('medium', 'failed', 'A block in the middle of a cartridge cannot be read.'),
  'cartridge.vanished': define('operator', 'failed', 'A cartridge is no longer where it was seen last.'),
  'cartridge.worm-used': define(
    'medium',
    'refused',
    'A WORM cartridge that carries a volume already; it is never recycled.',
  ),
  'cartridge.write-failed': define(
    'medium',
    'failed',
    'Writing failed; what was committed before is safe, the rest is written elsewhere.',
  ),
  'cartridge.write-protected': define('operator', 'refused', 'The write-protect switch of the cartridge is set.'),
  'cartridge.wrong-barcode': define(
    'operator',
    'refused',
    'The volume on the cartridge was labelled for another barcode.',
  ),
  'cartridge.wrong-serial': define(
    'operator',
    'refused',
    'The cartridge has another serial number than the one that was labelled under its barcode.',
  ),
  'cartridge.wrong-volume': define(
    'operator',
    'refused',
    'Another volume is on the cartridge than the catalog expects under its barcode.',
  ),
  'catalog.busy': define('operator', 'waiting', 'Another process kept the catalog locked for longer than the wait.'),
  'catalog.contents-missing': define(
    'bug',
    'failed',
    'A directory holds versions of a data set and is not listed among its contents.',
  ),
  'catalog.damaged': define('device', 'failed', 'The file of the catalog is damaged.'),
  'catalog.dangling-reference': define('bug', 'failed', 'A row of the catalog refers to another that is not there.'),
  'catalog.disk-full': define('operator', 'failed', 'The disk that holds the catalog is full.'),
  'catalog.foreign': define('operator', 'usage', 'The file in the place of the catalog is not a catalog.'),
  'catalog.io-error': define('device', 'failed', 'The disk that holds the catalog reported an error.'),
  'catalog.missing': define('operator', 'not-found', 'There is no catalog where the configuration says.'),
  'catalog.missing-base': define('bug', 'failed', 'A data set relies on one that is missing, not complete, or itself.'),
  'catalog.network-file-system': define(
    'operator',
    'usage',
    'The catalog lies on a network file system, where locks cannot be relied upon.',
  ),
  'catalog.newer-schema': define('operator', 'failed', 'The catalog was written by a newer version of the program.'),
  'catalog.older-schema': define(
    'operator',
    'failed',
    'The catalog was written by an older version of the program and is opened for reading only.',
  ),
  'catalog.open-tape-file': define(
    'bug',
    'failed',
    'The journal has a tape file open where none can be being written.',
  ),
  'catalog.overlapping-tape-files': define(
    'bug',
    'failed',
    'Two tape files of a volume are said to lie on the same blocks.',
  ),
  'catalog.read-only': define('operator', 'failed', 'The catalog cannot be written.'),
  'catalog.rebuild-doubt': define(
    'medium',
    'failed',
    'Something on a cartridge could not be taken into the catalog, or not as it should be; the rest was.',
  ),
  'catalog.segment-missing': define('bug', 'failed', 'A complete data set has a gap in the numbers of its segments.'),
  'catalog.segment-state': define('bug', 'failed', 'The state of a segment contradicts the tape files that hold it.'),
  'catalog.segment-without-copy': define(
    'medium',
    'failed',
    'A segment of a protected data set is neither staged nor on a live volume.',
  ),
  'catalog.unknown-policy': define(
    'operator',
    'failed',
    'Nothing tells how long a data set that was found without an index is protected; it stays so for ever.',
  ),
  'catalog.unreachable': define('operator', 'failed', 'The file of the catalog cannot be opened.'),
  'catalog.unread-cartridge': define(
    'operator',
    'failed',
    'An index says that segments lie on a cartridge that was not read into this catalog.',
  ),
  'catalog.version-without-segment': define(
    'bug',
    'failed',
    'Versions of files belong to a segment that the catalog does not know.',
  ),
  'command.declined': define('operator', 'usage', 'The operator was asked and did not agree; nothing was done.'),
  'command.interrupted': define('operator', 'interrupted', 'The command was interrupted and stopped at a safe point.'),
  'command.out-exists': define(
    'operator',
    'refused',
    'The file that a command shall write to exists already, and is left as it is.',
  ),
  'command.out-not-written': define('operator', 'failed', 'The file that a command shall write to cannot be written.'),
  'command.unconfirmed': define(
    'caller',
    'usage',
    'What destroys data needs `--yes` where there is no terminal to ask on.',
  ),
  'command.usage': define('caller', 'usage', 'The words of the command are wrong.'),
  'config.exists': define('operator', 'refused', 'There is a configuration already, and it is not overwritten.'),
  'config.invalid': define('operator', 'usage', 'The configuration file says something that is wrong.'),
  'config.not-found': define('operator', 'usage', 'No configuration file was found, or it cannot be read.'),
  'config.not-written': define('operator', 'failed', 'The configuration file could not be written.'),
  'data-set.has-policy': define(
    'operator',
    'refused',
    'An index tells how long a data set is protected; that is not ended by hand.',
  ),
  'data-set.not-found': define('caller', 'not-found', 'There is no data set of this name.'),
  'demo.failed': define('bug', 'failed', 'A step of the demonstration did not end as it should.'),
  'device.aborted-command': define('device', 'failed', 'The device or the link gave up a command in the middle.'),
  'device.busy': define('device', 'failed', 'The device answered that it is busy for longer than a minute.'),
  'device.closed': define('bug', 'failed', 'A device was used after it had been closed.'),
  'device.data-lost': define('device', 'failed', 'Fewer bytes came through than the device says it moved.'),
  'device.hardware-error': define('device', 'failed', 'The device reports a fault of its own.'),
  'device.load-timed-out': define(
    'device',
    'failed',
    'A cartridge did not become ready in its drive within two and a half hours.',
  ),
  'device.login-refused': define('operator', 'failed', 'The library on the network does not let this program in.'),
  'device.malformed-response': define(
    'device',
    'failed',
    'A device answered with bytes from which nothing can be learned.',
  ),
  'device.mode-not-taken': define(
    'device',
    'failed',
    'The drive accepted a setting that writing relies on, and did not take it.',
  ),
  'device.not-ready': define('device', 'failed', 'The device is not ready for the command.'),
  'device.position-lost': define(
    'device',
    'failed',
    'Where the medium stands is not known, so nothing was read or written.',
  ),
  'device.position-wrong': define('device', 'failed', 'The medium stands at another place than where it was sent.'),
  'device.protocol': define('device', 'failed', 'The device answered in a way that the standard does not know.'),
  'device.rejected-command': define('device', 'failed', 'The device refuses a command that it must know.'),
  'device.removal-prevented': define('operator', 'failed', 'Another program has locked the cartridge into the device.'),
  'device.reserved': define('operator', 'failed', 'Another host has reserved the device.'),
  'device.storage-full': define(
    'operator',
    'failed',
    'The disk behind a virtual device has no room; nothing is wrong with the cartridge, and what was committed before is safe.',
  ),
  'device.time-out': define(
    'device',
    'failed',
    'The device did not answer within the time that the slowest healthy one needs.',
  ),
  'device.unexpected-sense': define(
    'device',
    'failed',
    'The device reports a condition that does not belong to the command.',
  ),
  'device.unreachable': define('device', 'failed', 'The device cannot be reached.'),
  'device.wrong-type': define('operator', 'failed', 'The device at this address is not of the kind that was expected.'),
  'drive.busy': define('operator', 'waiting', 'The drive is in use.'),
  'drive.down': define('device', 'failed', 'A drive was put out of use.'),
  'drive.duplicate-serial': define(
    'device',
    'failed',
    'Drives of a library have one serial number; which is which is found out by loading a cartridge.',
  ),
  'drive.interrupted': define(
    'device',
    'failed',
    'A drive lost its place in the middle of the work: reset, another medium, or the link gave a command up.',
  ),
  'drive.late-error': define(
    'device',
    'failed',
    'A drive reported an error when it unloaded, after everything was committed.',
  ),
  'drive.load-failed': define('device', 'failed', 'A drive did not take a cartridge.'),
  'drive.none-free': define('operator', 'refused', 'Every drive that could take the cartridge holds another one.'),
  'drive.none-usable': define('operator', 'waiting', 'No drive is in working order.'),
  'drive.overdue': define(
    'device',
    'failed',
    'A drive did not finish loading, positioning, moving data or unloading within its budget, and was put out of use.',
  ),
  'drive.still-loading': define(
    'device',
    'failed',
    'A command that died left a cartridge that the drive is still getting ready; it is left to finish.',
  ),
  'drive.unmatched': define(
    'device',
    'failed',
    'Which tape drive stands at a place of the library could not be found out.',
  ),
  'drive.unreachable': define('device', 'failed', 'A drive of a library does not answer.'),
  'drive.wants-cleaning': define(
    'operator',
    'failed',
    'A drive asks to be cleaned, or could not be; the work was done.',
  ),
  'file.attributes-too-long': define(
    'operator',
    'failed',
    'The extended attributes of a file do not fit into a segment; the file was archived without them.',
  ),
  'file.changed': define(
    'operator',
    'failed',
    'A file was changed while it was read, or before a further name of it was archived; its copy may be old, or mix old and new.',
  ),
  'file.grew': define(
    'operator',
    'failed',
    'A file became longer while it was read; what was added is not in the copy.',
  ),
  'file.other-file-system': define(
    'operator',
    'failed',
    'Another file system stands at a root or mount point than before: what is missing there is not taken for deleted.',
  ),
  'file.path-too-long': define('operator', 'failed', 'A path is too long to be archived.'),
  'file.root-missing': define('operator', 'failed', 'A path that is to be backed up does not exist or cannot be read.'),
  'file.shrank': define(
    'operator',
    'failed',
    'A file became shorter while it was read; what was missing is stored as zeros.',
  ),
  'file.skipped': define(
    'operator',
    'failed',
    "The program's own staging area or catalog is not archived into itself.",
  ),
  'file.socket': define('operator', 'failed', 'A socket cannot be archived.'),
  'file.unreadable': define('operator', 'failed', 'A file or directory cannot be read.'),
  'file.vanished': define('operator', 'failed', 'A file vanished before it could be read.'),
  'internal.bug': define('bug', 'failed', 'The program contradicted itself; please report it.'),
  'lease.held': define(
    'operator',
    'waiting',
    'Another process uses the library or another shared thing, and was waited for in vain.',
  ),
  'library.contents-changed': define(
    'operator',
    'refused',
    'Somebody changed the contents of the library in the meantime; nothing was moved.',
  ),
  'library.damaged-state': define('operator', 'failed', 'The state file of a virtual library cannot be used.'),
  'library.element-exception': define('device', 'failed', 'A place of a library is in trouble.'),
  'library.invalid-barcode': define('operator', 'usage', 'A barcode that the library cannot carry.'),
  'library.inventory-failed': define(
    'device',
    'failed',
    'After a failed move the library did not say what lies where.',
  ),
  'library.mail-slots-full': define('operator', 'waiting', 'There is no free mail slot.'),
  'library.move-refused': define('device', 'failed', 'The library refuses a move.'),
  'library.no-changer': define('device', 'failed', 'No medium changer was found behind the settings of a library.'),
  'library.no-free-slot': define('operator', 'refused', 'The library has no free slot for a cartridge.'),
  'library.no-such-place': define('operator', 'not-found', 'The library has no such slot, mail slot or drive.'),
  'library.not-found': define(
    'caller',
    'not-found',
    'There is no library of this name, or several and none was named.',
  ),
  'library.not-inventoried': define('operator', 'not-found', 'Nobody has looked yet what is in the library.'),
  'library.overdue': define('device', 'failed', 'A library did not finish a move or a look within its budget.'),
  'library.place-empty': define('operator', 'refused', 'There is no cartridge in the place named.'),
  'library.place-full': define('operator', 'refused', 'The place named is not free.'),
  'library.place-unreported': define(
    'device',
    'failed',
    'The library does not say what lies in one of its places; what was known of it is kept.',
  ),
  'pool.not-found': define('caller', 'not-found', 'There is no pool of this name in the configuration.'),
  'restore.blocked': define(
    'operator',
    'failed',
    'Something that is not a directory is where a directory is needed; a symbolic link is not followed.',
  ),
  'restore.cartridges-missing': define('operator', 'waiting', 'A restore needs cartridges that are in no library.'),
  'restore.digest-differs': define(
    'medium',
    'failed',
    'The content read back is not what was backed up (SHA-256 differs); it was not put in place.',
  ),
  'restore.disk-full': define('operator', 'failed', 'There is no room left where it is restored to.'),
  'restore.exists': define('operator', 'refused', 'A file of that name exists already, and was left as it is.'),
  'restore.metadata-lost': define(
    'operator',
    'failed',
    'The content was restored, but the file system or the permissions did not take all of owner, mode, times, attributes and ACLs.',
  ),
  'restore.nothing-found': define('caller', 'not-found', 'Nothing of what was asked for is in a backup of that time.'),
  'restore.path-refused': define('medium', 'failed', 'A path would lead out of the directory that is restored to.'),
  'restore.write-failed': define(
    'operator',
    'failed',
    'A file, directory, link or device could not be made where it is restored to.',
  ),
  'segment.digest-differs': define(
    'medium',
    'failed',
    'What was read back is not what was staged: the digests differ.',
  ),
  'segment.no-copy': define(
    'medium',
    'failed',
    'No copy of a part of a data set is left, neither in staging nor on a cartridge.',
  ),
  'segment.too-large': define(
    'operator',
    'failed',
    'A segment does not fit on an empty cartridge; segments must be made smaller.',
  ),
  'segment.unread': define(
    'operator',
    'waiting',
    'An index says that a part of a data set lies on a cartridge that was not read into this catalog.',
  ),
  'set.not-found': define('caller', 'not-found', 'There is no backup set of this name in the configuration.'),
  'staging.full': define('operator', 'failed', 'The staging area has no room, and none can be made.'),
  'staging.not-writable': define('operator', 'failed', 'The folder of the staging area cannot be made or written to.'),
  'staging.segment-lost': define(
    'device',
    'failed',
    'The only copy of a segment was staged, and is not what was staged any more; its files are to be backed up again.',
  ),
  'staging.segment-missing': define('device', 'failed', 'A staged segment is missing or has another length.'),
  'staging.too-small': define('operator', 'usage', 'The staging area is smaller than one segment.'),
  'staging.unknown-segment': define(
    'operator',
    'failed',
    'The staging area holds a segment that the catalog does not know; it is left there.',
  ),
  'staging.unreadable': define(
    'device',
    'failed',
    'A staged file is not what the catalog promises; the disk of the staging area may be failing.',
  ),
  'state.not-writable': define(
    'operator',
    'failed',
    'A folder or a file below the state directory cannot be made or written.',
  ),
  'volume.damaged-tape-file': define(
    'medium',
    'failed',
    'A tape file on a cartridge is not what its descriptor promises.',
  ),
  'volume.no-such-tape-file': define('caller', 'not-found', 'The cartridge has fewer tape files.'),
} as const satisfies Record<string, CodeDefinition>;

export type ErrorCode = keyof typeof errorCodes;
