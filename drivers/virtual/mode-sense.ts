import { dataOutBytes, joinDataOut } from '#drivers/virtual/logical-unit';
import { check, good, invalidCdbField, type Reply, sense } from '#drivers/virtual/reply';
import type { DataPhase } from '#src/device/scsi-transport';
import type { ModeSelectCommand, ModeSenseCommand } from '#src/scsi/mode-commands';
import {
  encodeModeParameters6,
  encodeModeParameters10,
  type ModePage,
  type ModeParameters,
  type ParsedModeParameters,
  parseModeParameters6,
  parseModeParameters10,
} from '#src/scsi/mode-parameters';

/** A mode page of a device: its values, and ones where MODE SELECT may change a bit. */
export interface KeptPage {
  readonly current: ModePage;
  readonly default: ModePage;
  readonly changeable: Uint8Array;
}

const allPages = 0x3f;

/** MODE SENSE of any device (SPC-5 6.14). `header` is everything but the pages. */
export function answerModeSense(
  command: ModeSenseCommand,
  pages: readonly KeptPage[],
  header: Omit<ModeParameters, 'pages'>,
): Reply {
  if (command.control === 'saved') return check(sense.savingNotSupported);
  const { subpage, page: wanted } = command;
  if (subpage !== 0 && !(subpage === 0xff)) return invalidCdbField(3);
  const chosen = pages.filter(({ current }) => wanted === allPages || current.page === wanted);
  // Page 00h without content asks for header and block descriptor alone; many initiators do it.
  if (chosen.length === 0 && wanted !== 0x00) return invalidCdbField(2, 5);
  const parameters: ModeParameters = {
    ...header,
    blockDescriptors: command.noBlockDescriptors ? [] : header.blockDescriptors,
    pages: chosen.map((kept) => {
      if (command.control === 'changeable') return { ...kept.current, body: kept.changeable };
      return command.control === 'default' ? kept.default : kept.current;
    }),
  };
  const isShort = command.op === 'modeSense6';
  return good(isShort ? encodeModeParameters6(parameters, 'sense') : encodeModeParameters10(parameters, 'sense'));
}

export type ModeList =
  | { readonly kind: 'empty' }
  | { readonly kind: 'refused'; readonly reply: Reply }
  | { readonly kind: 'list'; readonly parameters: ParsedModeParameters; readonly headerBytes: number };

/** The parameter list of MODE SELECT, if it is one (SPC-5 6.12): complete, of page format, not to be saved. */
export function readModeList(command: ModeSelectCommand, data: DataPhase): ModeList {
  const refused = (reply: Reply): ModeList => ({ kind: 'refused', reply });
  if (!command.pageFormat) return refused(invalidCdbField(1, 4));
  if (command.savePages) return refused(invalidCdbField(1, 0));
  if (command.parameterListBytes === 0) return { kind: 'empty' };
  if (dataOutBytes(data) < command.parameterListBytes) return refused(check(sense.dataPhaseError));
  const bytes = joinDataOut(data).subarray(0, command.parameterListBytes);
  const isShort = command.op === 'modeSelect6';
  const headerBytes = isShort ? 4 : 8;
  const parameters = isShort ? parseModeParameters6(bytes) : parseModeParameters10(bytes);
  if (bytes.length < headerBytes || parameters.truncated) return refused(check(sense.parameterListLengthError));
  return { kind: 'list', parameters, headerBytes };
}

/** The page with the new values, or undefined where a bit that cannot be changed would change. */
export function changePage(kept: KeptPage, body: Uint8Array): KeptPage | undefined {
  const { current, changeable } = kept;
  if (body.length !== current.body.length) return undefined;
  for (let index = 0; index < body.length; index++) {
    const difference = (body[index] as number) ^ (current.body[index] as number);
    if ((difference & ~(changeable[index] as number)) !== 0) return undefined;
  }
  return { ...kept, current: { ...current, body } };
}
