/**
 * A fact. `type` and the shape of `data` are a storage format: renaming one is a data migration.
 * `data` holds ids, kinds, names of changed fields and counts, nothing about a person. `personal` holds the values
 * of exactly one `subject`; it is encrypted with that subject's key and reads `null` once the key is destroyed.
 */
export type Event<Type extends string = string, Data = object, Personal = object> = {
  type: Type;
  data: Data;
  personal?: Personal | null;
  /** Whose values `personal` holds. Required with `personal`. */
  subject?: string;
};

/** Who caused an event, and what it belongs to. */
export type EventMeta = {
  /** `key:<id>`, `schedule`, `webhook`, `cli` or `system`. */
  actor: string;
  /** Ties together everything that one request or one tick led to. */
  correlationId: string;
  /** What directly led to this event, for example `event:41`; null when a person or a clock did. */
  causationId: string | null;
  runId?: string;
};

/** An event as the log holds it. `recordedAt` is UTC, ISO 8601; `hash` is hex. */
export type Recorded<E extends Event = Event> = E & {
  position: number;
  stream: string;
  version: number;
  personal: NonNullable<E['personal']> | null;
  /** True when there were personal values and their key is gone. */
  erased: boolean;
  meta: EventMeta;
  recordedAt: string;
  hash: string;
};
