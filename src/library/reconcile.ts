import type { Instant } from '#src/base/clock';
import type { CartridgeRecord, NewCartridgeRecord } from '#src/catalog/cartridges';
import { describePlace } from '#src/library/library-address';
import type { NumberedElement } from '#src/library/numbered-element';
import { parseBarcode } from '#src/media/barcode';
import type { Barcode, CartridgeId, Location } from '#src/media/facets';

/** Something about an inventory that the operator should know; codes as in `error-codes.ts`. */
export interface InventoryFinding {
  readonly code:
    | 'cartridge.duplicate-barcode'
    | 'cartridge.no-barcode'
    | 'cartridge.booked-elsewhere'
    | 'cartridge.vanished'
    | 'cartridge.in-robot'
    | 'library.element-exception';
  readonly subject: string;
  readonly message: string;
}

export interface Reconciliation {
  readonly add: readonly NewCartridgeRecord[];
  readonly update: readonly { readonly id: CartridgeId; readonly changes: Partial<Omit<CartridgeRecord, 'id'>> }[];
  readonly findings: readonly InventoryFinding[];
}

export interface Inventory {
  readonly library: string;
  readonly elements: readonly NumberedElement[];
  /** All cartridges that the catalog knows, of this library and of others. */
  readonly known: readonly CartridgeRecord[];
  readonly now: Instant;
  /** Pool of cartridges that are seen for the first time. */
  readonly newPool: string;
}

/**
 * What an inventory makes of the catalog. What was seen beats what was booked; a cartridge that is gone is `unknown`, and its last place is kept.
 * Pure: the caller writes it in one transaction.
 */
export function reconcileInventory({ library, elements, known, now, newPool }: Inventory): Reconciliation {
  const add: NewCartridgeRecord[] = [];
  const update: { id: CartridgeId; changes: Partial<Omit<CartridgeRecord, 'id'>> }[] = [];
  const findings: InventoryFinding[] = [];
  const claimed = new Set<CartridgeId>();
  const seen = elements.filter(({ full }) => full);
  for (const [element, record] of matchRecords(library, seen, known, claimed)) {
    const location = locationOf(library, element);
    findings.push(...findingsOf(library, element, record));
    if (element.barcode === undefined && record === undefined) continue;
    const homeSlot = element.kind === 'slot' ? element.number : (record?.homeSlot ?? element.sourceSlot);
    const changes = { library, location, lastSeen: location, lastSeenAt: now, homeSlot };
    if (record) update.push({ id: record.id, changes });
    else add.push({ ...newCartridge(element.barcode as Barcode, newPool), ...changes });
  }
  for (const record of known) {
    if (claimed.has(record.id) || !isInLibrary(record.location, library)) continue;
    update.push({ id: record.id, changes: { location: { kind: 'unknown' }, lastSeen: record.location } });
    findings.push({
      code: 'cartridge.vanished',
      subject: record.barcode,
      message: `${record.barcode} is no longer in ${library}; it was last seen in ${describeLocation(record.location)}`,
    });
  }
  return { add, update, findings: [...findings, ...duplicates(library, seen)] };
}

/** Pairs what was seen with what is known: the record of that very place first, then any of that barcode that no other place claims. */
function matchRecords(
  library: string,
  seen: readonly NumberedElement[],
  known: readonly CartridgeRecord[],
  claimed: Set<CartridgeId>,
): ReadonlyMap<NumberedElement, CartridgeRecord | undefined> {
  const pairs = new Map<NumberedElement, CartridgeRecord | undefined>(seen.map((element) => [element, undefined]));
  const isHere = (element: NumberedElement, { location }: CartridgeRecord) =>
    isInLibrary(location, library) && location.kind === element.kind && location.number === element.number;
  const rounds: readonly ((element: NumberedElement, record: CartridgeRecord) => boolean)[] = [
    (element, record) => record.barcode === element.barcode && isHere(element, record),
    (element, record) => record.barcode === element.barcode && record.library === library,
    (element, record) => record.barcode === element.barcode,
    // The reader failed on a label that it could read before.
    (element, record) => element.barcode === undefined && isHere(element, record),
  ];
  for (const fits of rounds) {
    for (const [element, found] of pairs) {
      if (found) continue;
      const record = known.find((candidate) => !claimed.has(candidate.id) && fits(element, candidate));
      if (!record) continue;
      claimed.add(record.id);
      pairs.set(element, record);
    }
  }
  return pairs;
}

const isInLibrary = (location: Location, library: string): location is Location & { readonly number: number } =>
  (location.kind === 'slot' || location.kind === 'drive' || location.kind === 'mailSlot') &&
  location.library === library;

function locationOf(library: string, { kind, number }: NumberedElement): Location {
  return kind === 'transport' ? { kind: 'transit' } : { kind, library, number };
}

function newCartridge(barcode: Barcode, pool: string): Omit<NewCartridgeRecord, 'library' | 'location'> {
  const { kind, generation } = parseBarcode(barcode);
  return { barcode, kind: kind ?? 'data', generation, pool };
}

function findingsOf(
  library: string,
  element: NumberedElement,
  record: CartridgeRecord | undefined,
): readonly InventoryFinding[] {
  const place = `${library}/${describePlace(element)}`;
  const subject = element.barcode ?? record?.barcode ?? place;
  const findings: InventoryFinding[] = [];
  if (element.exception !== undefined) {
    findings.push({ code: 'library.element-exception', subject: place, message: `${place}: ${element.exception}` });
  }
  if (element.barcode === undefined) {
    const guess = record ? `; it is taken for ${record.barcode}, which was there before` : '';
    findings.push({ code: 'cartridge.no-barcode', subject, message: `${place}: the barcode cannot be read${guess}` });
  }
  if (element.kind === 'transport') {
    findings.push({
      code: 'cartridge.in-robot',
      subject,
      message: `${subject} is in the hand of the robot of ${library}`,
    });
  }
  const { location } = record ?? {};
  if (location && (location.kind === 'vault' || location.kind === 'shelf' || isInOther(location, library))) {
    const message = `${subject} is in ${place} and was booked in ${describeLocation(location)}`;
    findings.push({ code: 'cartridge.booked-elsewhere', subject, message });
  }
  return findings;
}

const isInOther = (location: Location, library: string): boolean =>
  'library' in location && location.library !== library;

function describeLocation(location: Location): string {
  switch (location.kind) {
    case 'slot':
    case 'drive':
    case 'mailSlot':
      return `${location.library}/${describePlace(location)}`;
    case 'vault':
      return `vault ${location.vault}`;
    case 'shelf':
      return `shelf ${location.shelf}`;
    case 'transit':
      return 'transit';
    case 'unknown':
      return 'an unknown place';
  }
}

function duplicates(library: string, seen: readonly NumberedElement[]): readonly InventoryFinding[] {
  const byBarcode = new Map<string, NumberedElement[]>();
  for (const element of seen) {
    if (element.barcode !== undefined)
      byBarcode.set(element.barcode, [...(byBarcode.get(element.barcode) ?? []), element]);
  }
  return [...byBarcode].flatMap(([barcode, elements]) => {
    if (elements.length < 2) return [];
    const places = elements.map((element) => `${library}/${describePlace(element)}`);
    return [
      {
        code: 'cartridge.duplicate-barcode' as const,
        subject: barcode,
        message: `${barcode} is on ${elements.length} cartridges: ${places.join(', ')}`,
      },
    ];
  });
}
