export class HeadDto {
  /** Of the newest event; 0 when there is none. */
  position!: number;
  /** Hex. */
  hash!: string;
}

export class ComparedDto {
  /** How many checkpoints the log was compared with. */
  compared!: number;
  /** Lines of the file that are none: a crash may cut off the one that was just being written. */
  unreadable!: number;
}

/** Whether the log is what was recorded. */
export class VerdictDto {
  ok!: boolean;
  /** How many events, from the first one on, fit one another. */
  events!: number;
  /** The head of the log, as it was at the beginning. */
  head!: HeadDto;
  /** The first position that does not fit; null when all is well. */
  firstBad!: number | null;
  /** What is wrong there, in a sentence; null when all is well. */
  reason!: string | null;
  checkpoints!: ComparedDto;
}

/** A head of the log, signed outside of the database: docs/audit.md shows how to check it with OpenSSL or Node alone. */
export class CheckpointDto {
  /** Which log: its id, which a restored backup keeps. */
  log!: string;
  position!: number;
  /** The hash that the event at this position has; hex. */
  hash!: string;
  /** By the clock of the machine that signed. */
  at!: string;
  /** The first 16 hex digits of the SHA-256 of the public key (DER). */
  keyId!: string;
  /** Ed25519, SubjectPublicKeyInfo, base64: what stands between the lines of a PEM file. */
  publicKey!: string;
  /** Ed25519, base64, over five lines: `crm-sync checkpoint`, log, position, hash, at; each ends with a line feed. */
  signature!: string;
}
