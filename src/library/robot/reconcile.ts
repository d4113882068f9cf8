import type { Instant } from '#src/base/clock';
import { groupBy } from '#src/base/group-by';
import type { CartridgeRecord, NewCartridgeRecord } from '#src/catalog/cartridges';
import type { ElementKind } from '#src/device/media-changer';
import { describePlace } from '#src/library/library-address';
import type { NumberedElement } from '#src/library/robot/numbered-element';
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
    | 'library.element-exception'
    | 'library.place-unreported';
  readonly subject: string;
  readonly message: string;
}

export interface Reconciliation {
  readonly add: readonly NewCartridgeRecord[];
  readonly update: readonly { readonly id: CartridgeId; readonly changes: Partial<Omit<CartridgeRecord, 'id'>> }[];
  /** Records of cartridges that were carried over from another library by hand, and are another record's cartridge. After the updates. */
  readonly merge: readonly { readonly id: CartridgeId; readonly into: CartridgeId; readonly barcode: string }[];
  readonly findings: readonly InventoryFinding[];
}

export interface Inventory {
  readonly library: string;
  /** All libraries that there are: what lies in a place of another one is there still, until that is looked into. */
  readonly libraries: readonly string[];
  readonly elements: readonly NumberedElement[];
  /** Whether the library has such a place and said nothing of it: no descriptor, or none that can be read. */
  readonly isUnreported: (place: { readonly kind: ElementKind; readonly number: number }) => boolean;
  /** All cartridges that the catalog knows, of this library and of others. */
  readonly known: readonly CartridgeRecord[];
  /** Those that carry a volume, by the catalog. */
  readonly labelled: ReadonlySet<CartridgeId>;
  readonly now: Instant;
  /** Pool of cartridges that are seen for the first time. */
  readonly newPool: string;
}

/**
 * What an inventory makes of the catalog. What was seen beats what was booked; a cartridge that is gone is `unknown`, and its last place is kept.
 *
 * A barcode that is seen here, and by the last inventory of another library in a place of that one, is on two cartridges until that one is looked
 * into. Found gone from there, it was carried over by hand, and the two records become one.
 * Pure: the caller writes it in one transaction.
 */
export function reconcileInventory(inventory: Inventory): Reconciliation {
  const { library, elements, known, now, newPool } = inventory;
  const add: NewCartridgeRecord[] = [];
  const update: { id: CartridgeId; changes: Partial<Omit<CartridgeRecord, 'id'>> }[] = [];
  const findings: InventoryFinding[] = [];
  const claimed = new Set<CartridgeId>();
  const seen = elements.filter(({ full }) => full);
  for (const [element, record] of matchRecords(inventory, seen, claimed)) {
    const location = locationOf(library, element);
    findings.push(...findingsOf(library, element, record));
    if (element.barcode === undefined && record === undefined) continue;
    const homeSlot = element.kind === 'slot' ? element.number : (record?.homeSlot ?? element.sourceSlot);
    const changes = { library, location, lastSeen: location, lastSeenAt: now, homeSlot };
    if (record) update.push({ id: record.id, changes });
    else add.push({ ...newCartridge(element.barcode as Barcode, newPool), ...changes });
  }
  const merge: { id: CartridgeId; into: CartridgeId; barcode: string }[] = [];
  for (const record of known) {
    if (claimed.has(record.id) || !isInLibrary(record.location, library)) continue;
    if (inventory.isUnreported(record.location)) {
      findings.push(unreported(library, record.barcode, record.location));
      continue;
    }
    const carried = carriedOver(inventory, record);
    if (carried) {
      const { gone, here, changes } = carried;
      merge.push({ id: gone.id, into: here.id, barcode: here.barcode });
      update.push({ id: here.id, changes });
      findings.push({
        code: 'cartridge.booked-elsewhere',
        subject: record.barcode,
        message: `${record.barcode} is no longer in ${describeLocation(record.location)}: it is taken for the one in ${describeLocation({ ...here, ...changes }.location)}, carried there by hand`,
      });
      continue;
    }
    update.push({ id: record.id, changes: { location: { kind: 'unknown' }, lastSeen: record.location } });
    findings.push({
      code: 'cartridge.vanished',
      subject: record.barcode,
      message: `${record.barcode} is no longer in ${library}; it was last seen in ${describeLocation(record.location)}`,
    });
  }
  return { add, update, merge, findings: [...findings, ...duplicates(inventory, seen)] };
}

function unreported(library: string, barcode: string, location: Parameters<typeof describePlace>[0]): InventoryFinding {
  const place = `${library}/${describePlace(location)}`;
  const message = `${place}: the library does not say what lies there; ${barcode} is taken to be there still`;
  return { code: 'library.place-unreported', subject: place, message };
}

/**
 * The cartridge that is gone from here may be the one of this barcode that another library has had since. One of the two records then goes: never one
 * with a volume, and what is known to be blank or foreign is not taken for a cartridge that carries one.
 */
function carriedOver(inventory: Inventory, record: CartridgeRecord) {
  const { known, labelled } = inventory;
  const others = known.filter(({ id, barcode }) => barcode === record.barcode && id !== record.id);
  const [other] = others;
  if (!other || others.length > 1 || !isElsewhere(other.location, inventory)) return undefined;
  if (labelled.has(record.id) && labelled.has(other.id)) return undefined;
  if (labelled.has(other.id)) return { gone: record, here: other, changes: {} };
  if (labelled.has(record.id) && other.fill !== 'unknown') return undefined;
  const { library, location, lastSeen, lastSeenAt, homeSlot } = other;
  // That both carry one volume is no doubt about one cartridge.
  const isSameDoubt = record.conditionReason !== undefined && record.conditionReason === other.conditionReason;
  const condition = isSameDoubt ? { condition: 'good' as const, conditionReason: undefined } : {};
  return { gone: other, here: record, changes: { library, location, lastSeen, lastSeenAt, homeSlot, ...condition } };
}

/** In a slot or a drive of another library, as far as anybody knows. What lies in its mail slot was put out, and may be carried anywhere. */
const isElsewhere = (location: Location, { library, libraries }: Inventory): boolean =>
  (location.kind === 'slot' || location.kind === 'drive') &&
  location.library !== library &&
  libraries.includes(location.library);

/** Pairs what was seen with what is known: the record of that very place first, then any of that barcode that no other place claims. */
function matchRecords(
  inventory: Inventory,
  seen: readonly NumberedElement[],
  claimed: Set<CartridgeId>,
): ReadonlyMap<NumberedElement, CartridgeRecord | undefined> {
  const { library, known } = inventory;
  const pairs = new Map<NumberedElement, CartridgeRecord | undefined>(seen.map((element) => [element, undefined]));
  const isHere = (element: NumberedElement, { location }: CartridgeRecord) =>
    isInLibrary(location, library) && location.kind === element.kind && location.number === element.number;
  const rounds: readonly ((element: NumberedElement, record: CartridgeRecord) => boolean)[] = [
    (element, record) => record.barcode === element.barcode && isHere(element, record),
    (element, record) => record.barcode === element.barcode && record.library === library,
    (element, record) => record.barcode === element.barcode && !isElsewhere(record.location, inventory),
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

type PlaceInLibrary = Extract<Location, { readonly kind: 'slot' | 'drive' | 'mailSlot' }>;

const isInLibrary = (location: Location, library: string): location is PlaceInLibrary =>
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

function duplicates(inventory: Inventory, seen: readonly NumberedElement[]): readonly InventoryFinding[] {
  const elsewhere = inventory.known.filter(({ location }) => isElsewhere(location, inventory));
  return [...groupBy(seen, ({ barcode }) => barcode)].flatMap(([barcode, elements]) => {
    const others = elsewhere.filter((record) => record.barcode === barcode);
    if (barcode === undefined || elements.length + others.length < 2) return [];
    const places = [
      ...elements.map((element) => `${inventory.library}/${describePlace(element)}`),
      ...others.map(({ location }) => describeLocation(location)),
    ];
    const doubt = others.map(
      ({ library }) => `; if it was carried over from there: grandsire library inventory --library ${library}`,
    );
    const message = `${barcode} is on ${places.length} cartridges: ${places.join(', ')}${[...new Set(doubt)].join('')}`;
    return [{ code: 'cartridge.duplicate-barcode' as const, subject: barcode, message }];
  });
}
