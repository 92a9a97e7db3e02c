/** Who changes something, for the audit log. */
export type Actor = {
  /** An account, `key_…` for a key without one, `admin` for the holder of ADMIN_KEY or a shell, `gateway` for the gateway itself. */
  id: string
  via: 'api' | 'cli' | 'gateway'
  ip?: string | undefined
  requestId?: string | undefined
}
