import { drivesAccess, type Generation, generationFacts, generations } from '#drivers/virtual/generation';
import { check, good, type Reply, sense } from '#drivers/virtual/reply';
import { encodeDensitySupport, type ReportDensitySupportCommand } from '#src/scsi/report-density-support';

export interface DensitySources {
  readonly drive: Generation;
  readonly medium: Generation | undefined;
  readonly capacityBytes: number;
}

/** REPORT DENSITY SUPPORT (SSC-5 7.11): what the drive can read, or what the medium is. */
export function reportDensities({ ofMedium }: ReportDensitySupportCommand, sources: DensitySources): Reply {
  const { drive, medium, capacityBytes } = sources;
  if (ofMedium && !medium) return check(sense.mediumNotPresent);
  const listed = generations.filter((generation) =>
    ofMedium ? generation === medium : drivesAccess(drive, generation) !== 'none',
  );
  return good(
    encodeDensitySupport(
      listed.map((generation) => {
        const { densityCode, densityName, description } = generationFacts(generation);
        return {
          primaryDensityCode: densityCode,
          secondaryDensityCode: densityCode,
          writable: drivesAccess(drive, generation) === 'read-write',
          duplicate: false,
          isDefault: generation === (medium ?? drive),
          // A file has neither tracks nor bits on a millimetre; the width is that of the cartridge it stands for.
          bitsPerMillimetre: 0,
          mediaWidthTenthsOfMillimetre: 127,
          tracks: 0,
          capacityMegabytes: Math.min(0xffff_ffff, Math.floor(capacityBytes / 1e6)),
          organization: 'LTO-CVE',
          densityName,
          description,
        };
      }),
    ),
  );
}
