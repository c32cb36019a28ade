import { Injectable } from '@nestjs/common';
import { HttpRefusal } from '../../shared/http/http-refusal.ts';

/** So many at once, and so many more with each second. */
type Allowance = { most: number; perSecond: number };
type Bucket = { left: number; at: number };

/** A burst of a thousand is an honest CRM that was held up; two thousand within a second are not. */
const DELIVERIES: Allowance = { most: 1_200, perSecond: 50 };
/** An address that nobody knows, or not any more. */
const MISSES: Allowance = { most: 300, perSecond: 2 };
const MOST_KEPT = 10_000;
const RETRY_AFTER = '60';

const tooMany = (): HttpRefusal =>
  new HttpRefusal('too-many-requests', 'too-many-requests', 'These are too many requests. Send them later.', {
    'Retry-After': RETRY_AFTER,
  });

/** Each instance counts for itself: this protects the database, not a secret. */
@Injectable()
export class HookLimits {
  private readonly deliveries = new Map<string, Bucket>();
  private readonly misses = new Map<string, Bucket>();

  /** @throws HttpRefusal when too many deliveries have come for this connection. */
  delivery(connectionId: string): void {
    if (!take(this.deliveries, connectionId, DELIVERIES, 1)) throw tooMany();
  }

  /** @throws HttpRefusal when too many requests from there have missed. */
  letAsk(address: string): void {
    if (!take(this.misses, address, MISSES, 0)) throw tooMany();
  }

  missed(address: string): void {
    take(this.misses, address, MISSES, 1);
  }
}

const take = (
  buckets: Map<string, Bucket>,
  key: string,
  { most, perSecond }: Allowance,
  count: number,
): boolean => {
  const now = performance.now();
  const before = buckets.get(key);
  const left =
    before === undefined ? most : Math.min(most, before.left + ((now - before.at) / 1000) * perSecond);
  const isLeft = left >= Math.max(count, 1);
  if (count === 0) return isLeft;
  buckets.delete(key);
  if (buckets.size >= MOST_KEPT) buckets.delete(buckets.keys().next().value ?? key);
  buckets.set(key, { left: isLeft ? left - count : left, at: now });
  return isLeft;
};
