/** Where in the configuration file the settings of a driver or a scheme stand, so that complaints can name the line. */
export interface SettingsPlace {
  /** `grandsire.yaml:12:5 libraries.main.slots` for a path of keys below the settings themselves. */
  describe(path: readonly (string | number)[]): string;
  /** Absolute path of a relative one in the settings. */
  resolve(path: string): string;
}
