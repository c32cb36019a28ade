/** Who asks for something, and the id that ties together everything it leads to. */
export type Caller = {
  /** `key:<id>`, `schedule`, `webhook`, `cli` or `system`. */
  actor: string;
  correlationId: string;
};
