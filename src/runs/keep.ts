/**
 * What must outlive a request, by caller and id: nobody finds what another caller kept. Values are JSON, so that a store
 * can hold them as they are.
 */
export type Keep<Value extends object> = {
  get(caller: string, id: string): Promise<Value | undefined>
  set(caller: string, id: string, value: Value): Promise<void>
  /** False where there was nothing. */
  delete(caller: string, id: string): Promise<boolean>
}
