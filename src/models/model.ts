import type { FinishReason, JsonFormat, Message, ToolCall, ToolDefinition, Usage } from '../messages.ts'

/** A chat model as the loop sees it, whatever serves it. */
export type Model = {
  /** Public id, and the `model` of every reply it gives: `operator`, `rehearsal`, … */
  readonly id: string
  /** What serves it, for logs and traces: `ollama:qwen3:8b`. Holds no address and no secret. */
  readonly backend: string
  /** Tokens that prompt and answer share; undefined where nothing here knows. */
  readonly contextTokens: number | undefined
  /**
   * One model call. Yields text as it is written, each tool call once and whole, and `finished` exactly once, last; where
   * its reason is `length`, the last call may have been cut.
   * An answer that was cut short (no finish from the backend) throws instead of finishing.
   * Aborting `signal`, or leaving the iteration early, closes the backend's request.
   * @throws {@link BackendError} and {@link ContextLengthError}; the signal's reason when it was aborted.
   */
  stream(request: ModelRequest): AsyncIterable<ModelEvent>
  /**
   * Ends a job that a request has kept ({@link JobMemo}), where nobody waits for it any more. False where it may still be
   * worked on: its backend cannot be asked, or is not one of this model's. Never rejects.
   */
  cancelJob?(job: { backend: string; id: string }, signal: AbortSignal): Promise<boolean>
  /** Cheap and side-effect free: never loads or wakes the model. Never rejects. */
  check(signal: AbortSignal): Promise<ModelHealth>
}

export type ModelRequest = {
  messages: readonly Message[]
  tools: readonly ToolDefinition[]
  /**
   * `required` or a name asks for a call; `auto` where unset. Backends that have no such notion are not told: who needs the
   * call checks that it came.
   */
  toolChoice?: 'auto' | 'required' | { name: string }
  /** Never beside tools. Backends are told to write nothing else where they can be; who needs JSON checks that it is. */
  format?: JsonFormat | undefined
  params: ModelParams
  /** Nobody reads along: the answer may come in one piece, which costs both sides less. */
  whole?: boolean
  /** Where the backend works on jobs that outlive a connection, and the run outlives a process. */
  job?: JobMemo
  /** Nobody minds waiting for a backend that is cold or busy, up to the run's own deadline. */
  patient?: boolean
  signal: AbortSignal
}

/** Remembers the job that a backend does for this very request. */
export type JobMemo = {
  /** A job of an earlier try that may still run, or be done; `backend` is its {@link Model.backend}. */
  readonly known: { backend: string; id: string } | undefined
  /** Resolves once it is stored: before that the job's id is lost with the process. */
  keep(job: { backend: string; id: string }): Promise<void>
  /**
   * Whether somebody else goes on with the job when the request is aborted for that reason: it is then left running. For any
   * other reason it is cancelled at the backend.
   */
  goesOn(reason: unknown): boolean
}

/** Unset fields are the backend's default. */
export type ModelParams = {
  temperature?: number
  topP?: number
  maxTokens?: number
  stop?: readonly string[]
  seed?: number
  frequencyPenalty?: number
  presencePenalty?: number
}

export type ModelEvent =
  | { type: 'text'; text: string }
  /** Thinking: never part of the answer. */
  | { type: 'reasoning'; text: string }
  | { type: 'tool_call'; call: ToolCall }
  /** `backend` is the one that answered, where a model has several. */
  | { type: 'finished'; reason: FinishReason; usage: Usage; backend?: string }

/** `detail` says what to do (`ollama pull qwen3:8b`), or to expect: a backend that sleeps is there, and takes a while. */
export type ModelHealth = { status: 'ok'; detail?: string } | { status: 'down'; detail: string }
