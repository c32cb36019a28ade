/** The address for webhooks, shown this once: whoever knows it can tell of changes. */
export class WebhookAddressDto {
  url!: string;
  /** Whether SimplyBook.me uses it already. */
  registered!: boolean;
  /** What SimplyBook.me will tell of, in its own words. */
  events!: string[];
  /** What is left to do by hand, and why; null: nothing. */
  how!: string | null;
}

/** Who was first to bring each change since a complete sync with webhooks on. */
export class WebhookChangesDto {
  since!: string;
  /** Changes of clients and bookings that were brought in because a webhook told of them. */
  byWebhook!: number;
  /** Changes that a sync found, and that no webhook had brought in before. */
  bySync!: number;
}

/** The webhooks of a connection, without their secret. */
export class WebhooksDto {
  /** Whether there is an address for them; POST makes one. */
  on!: boolean;
  /** Whether SimplyBook.me took the address; false: it has to be entered there by hand. */
  registered!: boolean;
  events!: string[];
  /** Null while they are off. */
  registeredAt!: string | null;
  /** Records that were told of and have not been looked at yet. */
  waiting!: number;
  lastDeliveryAt!: string | null;
  /** Null until a sync has been complete with webhooks on. */
  changes!: WebhookChangesDto | null;
}
