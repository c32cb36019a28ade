import { numberOf } from './exposition.ts';
import type { Family, Labels, Sample } from './exposition.ts';

type About = Pick<Family, 'name' | 'help'>;

const keyOf = (labels: Labels): string => JSON.stringify(Object.entries(labels));

/** What happened in this process, and how often. Labels must be few and known: each combination is kept for ever. */
export class Counter {
  private readonly values = new Map<string, { labels: Labels; value: number }>();

  constructor(private readonly about: About) {}

  add(labels: Labels, by = 1): void {
    const key = keyOf(labels);
    const known = this.values.get(key);
    if (known === undefined) this.values.set(key, { labels, value: by });
    else known.value += by;
  }

  family(): Family {
    return { ...this.about, type: 'counter', samples: [...this.values.values()] };
  }
}

type Observed = { labels: Labels; counts: number[]; sum: number; count: number };

/** How long things took in this process, in seconds: how many took at most so long. */
export class Histogram {
  private readonly observed = new Map<string, Observed>();

  constructor(
    private readonly about: About,
    private readonly bounds: readonly number[],
  ) {}

  observe(labels: Labels, seconds: number): void {
    const key = keyOf(labels);
    const one = this.observed.get(key) ?? { labels, counts: this.bounds.map(() => 0), sum: 0, count: 0 };
    this.observed.set(key, one);
    for (const [index, bound] of this.bounds.entries()) if (seconds <= bound) one.counts[index]! += 1;
    one.sum += seconds;
    one.count += 1;
  }

  family(): Family {
    return {
      ...this.about,
      type: 'histogram',
      samples: [...this.observed.values()].flatMap((one) => this.samplesOf(one)),
    };
  }

  private samplesOf({ labels, counts, sum, count }: Observed): Sample[] {
    const upTo = [...this.bounds, Infinity].map((bound, index): Sample => ({
      labels: { ...labels, le: numberOf(bound) },
      value: counts[index] ?? count,
      of: '_bucket',
    }));
    return [...upTo, { labels, value: sum, of: '_sum' }, { labels, value: count, of: '_count' }];
  }
}
