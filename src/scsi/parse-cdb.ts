import { type CdbResult, invalidField, invalidOperationCode } from '#src/scsi/cdb';
import { type EraseCommand, parseErase6Cdb } from '#src/scsi/erase';
import {
  type InitializeElementStatusCommand,
  type InitializeElementStatusWithRangeCommand,
  parseInitializeElementStatusCdb,
  parseInitializeElementStatusWithRangeCdb,
} from '#src/scsi/initialize-element-status';
import { type InquiryCommand, parseInquiryCdb } from '#src/scsi/inquiry';
import { type LoadUnloadCommand, parseLoadUnloadCdb } from '#src/scsi/load-unload';
import { type LocateCommand, parseLocate10Cdb, parseLocate16Cdb } from '#src/scsi/locate';
import { type LogSenseCommand, parseLogSenseCdb } from '#src/scsi/log-sense';
import {
  type ModeSelectCommand,
  type ModeSenseCommand,
  parseModeSelect6Cdb,
  parseModeSelect10Cdb,
  parseModeSense6Cdb,
  parseModeSense10Cdb,
} from '#src/scsi/mode-commands';
import { type MoveMediumCommand, parseMoveMediumCdb } from '#src/scsi/move-medium';
import { findOperation, isKnownOperationCode, type OperationName } from '#src/scsi/operation-codes';
import { type PreventAllowCommand, parsePreventAllowCdb } from '#src/scsi/prevent-allow';
import { parseReadAttributeCdb, type ReadAttributeCommand } from '#src/scsi/read-attribute';
import { parseReadBlockLimitsCdb, type ReadBlockLimitsCommand } from '#src/scsi/read-block-limits';
import { parseReadElementStatusCdb, type ReadElementStatusCommand } from '#src/scsi/read-element-status';
import { parseReadPositionCdb, type ReadPositionCommand } from '#src/scsi/read-position';
import { parseReportDensitySupportCdb, type ReportDensitySupportCommand } from '#src/scsi/report-density-support';
import { parseReportLunsCdb, type ReportLunsCommand } from '#src/scsi/report-luns';
import {
  parseReportSupportedOperationCodesCdb,
  type ReportSupportedOperationCodesCommand,
} from '#src/scsi/report-supported-operation-codes';
import { parseRequestSenseCdb, type RequestSenseCommand } from '#src/scsi/request-sense';
import { parseRewindCdb, type RewindCommand } from '#src/scsi/rewind';
import { parseSpace6Cdb, parseSpace16Cdb, type SpaceCommand } from '#src/scsi/space';
import { parseRead6Cdb, parseWrite6Cdb, type Read6Command, type Write6Command } from '#src/scsi/tape-read-write';
import { parseTestUnitReadyCdb, type TestUnitReadyCommand } from '#src/scsi/test-unit-ready';
import { parseWriteFilemarksCdb, type WriteFilemarksCommand } from '#src/scsi/write-filemarks';

/** Every command that `operations` knows; `op` is the key there. */
export type ScsiCommand =
  | EraseCommand
  | InitializeElementStatusCommand
  | InitializeElementStatusWithRangeCommand
  | InquiryCommand
  | LoadUnloadCommand
  | LocateCommand
  | LogSenseCommand
  | ModeSelectCommand
  | ModeSenseCommand
  | MoveMediumCommand
  | PreventAllowCommand
  | ReadAttributeCommand
  | ReadBlockLimitsCommand
  | ReadElementStatusCommand
  | ReadPositionCommand
  | ReportDensitySupportCommand
  | ReportLunsCommand
  | ReportSupportedOperationCodesCommand
  | RequestSenseCommand
  | Read6Command
  | RewindCommand
  | SpaceCommand
  | TestUnitReadyCommand
  | Write6Command
  | WriteFilemarksCommand;

const parsers: Readonly<Record<OperationName, (cdb: Uint8Array) => CdbResult<ScsiCommand>>> = {
  testUnitReady: parseTestUnitReadyCdb,
  rewind: parseRewindCdb,
  requestSense: parseRequestSenseCdb,
  readBlockLimits: parseReadBlockLimitsCdb,
  initializeElementStatus: parseInitializeElementStatusCdb,
  read6: parseRead6Cdb,
  write6: parseWrite6Cdb,
  writeFilemarks6: parseWriteFilemarksCdb,
  space6: parseSpace6Cdb,
  inquiry: parseInquiryCdb,
  modeSelect6: parseModeSelect6Cdb,
  erase6: parseErase6Cdb,
  modeSense6: parseModeSense6Cdb,
  loadUnload: parseLoadUnloadCdb,
  preventAllow: parsePreventAllowCdb,
  locate10: parseLocate10Cdb,
  readPosition: parseReadPositionCdb,
  initializeElementStatusWithRange: parseInitializeElementStatusWithRangeCdb,
  reportDensitySupport: parseReportDensitySupportCdb,
  logSense: parseLogSenseCdb,
  modeSelect10: parseModeSelect10Cdb,
  modeSense10: parseModeSense10Cdb,
  readAttribute: parseReadAttributeCdb,
  space16: parseSpace16Cdb,
  locate16: parseLocate16Cdb,
  reportLuns: parseReportLunsCdb,
  reportSupportedOperationCodes: parseReportSupportedOperationCodesCdb,
  moveMedium: parseMoveMediumCdb,
  readElementStatus: parseReadElementStatusCdb,
};

/**
 * What a target does with the CDB that arrived. `supported` are the commands of that device: another one is
 * INVALID COMMAND OPERATION CODE (5/20/00), or 5/24/00 at the service action where the operation code is supported.
 */
export function parseCdb(cdb: Uint8Array, supported: ReadonlySet<OperationName>): CdbResult<ScsiCommand> {
  const name = findOperation(cdb);
  if (name !== undefined && supported.has(name)) return parsers[name](cdb);
  const operationCode = cdb[0] ?? -1;
  const hasOther = name === undefined && isKnownOperationCode(operationCode, supported);
  return hasOther ? invalidField(1, 4) : invalidOperationCode();
}
