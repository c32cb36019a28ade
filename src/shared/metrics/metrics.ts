import { Injectable } from '@nestjs/common';
import type { Family } from './exposition.ts';
import { Counter, Histogram } from './instruments.ts';

type Source = () => readonly Family[] | Promise<readonly Family[]>;

/** Everything that is measured in this process, and whatever else a source knows when it is asked. */
@Injectable()
export class Metrics {
  private readonly sources: Source[] = [];

  counter(name: string, help: string): Counter {
    const counter = new Counter({ name, help });
    this.from(() => [counter.family()]);
    return counter;
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const histogram = new Histogram({ name, help }, bounds);
    this.from(() => [histogram.family()]);
    return histogram;
  }

  /** A source must answer in a few seconds, and must not reject. */
  from(source: Source): void {
    this.sources.push(source);
  }

  async families(): Promise<Family[]> {
    const found = await Promise.all(this.sources.map(async (source) => source()));
    return found.flat();
  }
}

/** One value as it is at the moment. */
export const gauge = (name: string, help: string, value: number): Family => ({
  name,
  help,
  type: 'gauge',
  samples: [{ labels: {}, value }],
});
