import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';
import type { Family } from './exposition.ts';
import { gauge, Metrics } from './metrics.ts';

const RESOLUTION = 20; // ms

/** This process: by the names that Prometheus and its dashboards know. */
@Injectable()
export class ProcessMetrics implements OnModuleDestroy {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION });

  constructor(metrics: Metrics) {
    this.delay.enable();
    metrics.from(() => this.families());
  }

  onModuleDestroy(): void {
    this.delay.disable();
  }

  private async families(): Promise<Family[]> {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const cpu = gauge('process_cpu_seconds_total', 'CPU time of this process.', (user + system) / 1e6);
    return [
      { ...cpu, type: 'counter' },
      gauge('process_start_time_seconds', 'When this process started.', Date.now() / 1000 - process.uptime()),
      gauge('process_resident_memory_bytes', 'Memory of this process.', rss),
      ...(await openFiles()),
      gauge('nodejs_heap_size_used_bytes', 'Heap in use.', heapUsed),
      gauge('nodejs_heap_size_total_bytes', 'Heap.', heapTotal),
      gauge('nodejs_external_memory_bytes', 'Memory of objects outside of the heap.', external),
      this.lag(),
    ];
  }

  /** Since the last time it was asked for. What is measured contains the pause between two measurements. */
  private lag(): Family {
    const { delay } = this;
    const secondsOf = (nanoseconds: number): number =>
      Number.isFinite(nanoseconds) ? Math.max(nanoseconds / 1e6 - RESOLUTION, 0) / 1e3 : 0;
    const quantiles = [50, 90, 99].map((percent) => ({
      labels: { quantile: String(percent / 100) },
      value: secondsOf(delay.percentile(percent)),
    }));
    const samples = [...quantiles, { labels: { quantile: '1' }, value: secondsOf(delay.max) }];
    delay.reset();
    const help = 'How late the event loop was, since the last scrape.';
    return { name: 'nodejs_eventloop_lag_seconds', help, type: 'gauge', samples };
  }
}

/** Where the system shows them (Linux). */
const openFiles = async (): Promise<Family[]> => {
  const open = await readdir('/proc/self/fd').catch(() => null);
  return open === null ? [] : [gauge('process_open_fds', 'Open files and connections.', open.length)];
};
