import { Injectable } from '@nestjs/common';
import { Jobs } from '../../shared/jobs/jobs.ts';
import type { JobQueue } from '../../shared/jobs/jobs.ts';

/** One job for each connection: its CRM is asked one thing at a time. What there is to do is in the inbox alone. */
export const LOOKS: JobQueue = {
  name: 'looks',
  keep: 'latest',
  heartbeat: 20,
  retries: 5,
  pause: 5,
  longestPause: 60,
  atATime: 4,
};

export type LookJob = { connectionId: string };

@Injectable()
export class LookQueue {
  constructor(private readonly jobs: Jobs) {}

  /** Has the inbox of a connection looked into, now or in so many seconds. Joins the open transaction. */
  async send(connectionId: string, wait: number): Promise<void> {
    const data: LookJob = { connectionId };
    if (wait <= 0) await this.jobs.send(LOOKS, data, { key: connectionId });
    else await this.jobs.send(LOOKS, data, { key: `${connectionId} later`, startAfter: Math.ceil(wait) });
  }
}
