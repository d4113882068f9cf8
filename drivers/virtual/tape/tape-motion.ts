import type { ImageSpacing } from '#drivers/virtual/image/tape-image';
import { check, good, invalidCdbField, type Reply, sense } from '#drivers/virtual/reply';
import type { TapeMedium } from '#drivers/virtual/tape/tape-medium';
import type { LocateCommand } from '#src/scsi/locate';
import { encodeLongPosition, encodeShortPosition, type ReadPositionCommand } from '#src/scsi/read-position';
import type { SpaceCommand } from '#src/scsi/space';

/** Larger counts and addresses than any image has objects: kept within exact integers. */
const clamp = (count: bigint): number => {
  const limit = 2n ** 52n;
  return Number(count > limit ? limit : count < -limit ? -limit : count);
};

/** SPACE(6) and SPACE(16), SSC-5 7.16 and 7.17. Sequential filemarks are not supported. */
export function spaceTape({ image }: TapeMedium, { target, count }: SpaceCommand): Reply {
  if (target === 'sequentialFilemarks') return invalidCdbField(1, 3);
  if (target === 'endOfData')
    return image.spaceToEnd().stop === 'unreadable' ? check(sense.unrecoveredReadError) : good();
  const wanted = clamp(count);
  return spaced(target === 'blocks' ? image.spaceBlocks(wanted) : image.spaceFilemarks(wanted), Math.abs(wanted));
}

/** INFORMATION: the count asked for less what was spaced over, positive in both directions. */
function spaced({ passed, stop }: ImageSpacing, wanted: number): Reply {
  const information = BigInt(wanted - passed);
  switch (stop) {
    case 'count':
      return good();
    case 'filemark':
      return check({ ...sense.filemarkDetected, filemark: true, information });
    case 'end-of-data':
      return check({ ...sense.endOfDataDetected, information });
    case 'beginning':
      return check({ ...sense.beginningOfMediumDetected, endOfMedium: true, information });
    case 'unreadable':
      return check({ ...sense.unrecoveredReadError, information });
  }
}

/** LOCATE(10) and LOCATE(16), SSC-5 7.3 and 7.4. One partition; beyond the end of data is BLANK CHECK there. */
export function locateTape({ image }: TapeMedium, { op, destination, identifier, partition }: LocateCommand): Reply {
  if (partition !== undefined && partition !== 0) return invalidCdbField(op === 'locate10' ? 8 : 3);
  const arrived =
    destination === 'object'
      ? image.locate(clamp(identifier))
      : destination === 'file'
        ? image.locateFile(clamp(identifier))
        : image.spaceToEnd().stop === 'end-of-data';
  if (arrived) return good();
  return check(image.readableToEnd ? sense.endOfDataDetected : sense.unrecoveredReadError);
}

/** READ POSITION, SSC-5 7.7. Nothing waits in a buffer that a crash of this program would lose. */
export function readPosition(medium: TapeMedium, { form }: ReadPositionCommand): Reply {
  const { place } = medium.image;
  const object = BigInt(place.object);
  const flags = {
    beginningOfPartition: place.object === 0,
    endOfPartition: medium.isPastEarlyWarning,
    programmableEarlyWarning: false,
  };
  if (form === 'long') {
    return good(encodeLongPosition({ ...flags, partition: 0, logicalObject: object, logicalFile: BigInt(place.file) }));
  }
  return good(
    encodeShortPosition({
      ...flags,
      partition: 0,
      locationUnknown: false,
      overflow: false,
      firstLogicalObject: object,
      lastLogicalObject: object,
      bufferedObjects: 0,
      bufferedBytes: 0,
    }),
  );
}
