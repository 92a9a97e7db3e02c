/** The settings that an operator looks at when a backend does not answer, by name. */
export type SettingNames = {
  /** Says where it is. */
  address: string
  /** Says which key it is shown. */
  key: string
}
