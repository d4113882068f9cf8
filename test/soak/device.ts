import type { View } from '#test/soak/checker-process';

/** The library that a campaign runs on. */
export interface DeviceUnderTest extends AsyncDisposable {
  readonly kind: 'virtual' | 'tgt';
  readonly slots: number;
  readonly mailSlots: number;
  /** As `libraries: main:` of grandsire.yaml has it. */
  readonly settings: string;
  /** What the checker needs to read its cartridges: `device` of soak.json. */
  readonly checked: Readonly<Record<string, string>>;
  /** The program itself writes to its folder: power can fail under it. */
  readonly isOurs: boolean;
  /** Where the program speaks to something of its own that can die: SIGKILL, and another start after a while, with its cartridges where they were seen last. */
  readonly breakTarget?: (downMs: number) => void;
  /** It is up again; and where cartridges are seen now. */
  settle(seen: View['cartridges']): Promise<void>;
}
