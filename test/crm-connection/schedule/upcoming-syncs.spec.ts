import { describe, expect, it } from '@jest/globals';
import { placeOf } from '../../../src/modules/crm-connection/schedule/slots.ts';
import { upcoming } from '../../../src/modules/crm-connection/schedule/upcoming-syncs.ts';
import type { SyncTimes } from '../../../src/modules/crm-connection/schedule/sync-times.read-model.ts';

const connectionId = 'c0ffee00-0000-4000-8000-00000000000c';
const now = Date.parse('2026-11-22T15:30:00Z');
const at = (time: string): number => Date.parse(`2026-11-22T${time}Z`);
const wait = Math.floor(placeOf(connectionId) * 60_000);
const times: SyncTimes = {
  connectionId,
  schedule: { cron: '0 * * * *', timezone: 'UTC' },
  paused: false,
  regularAt: at('16:00:00') + wait,
  retryAt: null,
  tries: 0,
  runId: null,
  now,
};
const clock = (text: string | null): string | null => text && text.slice(11, 16);

describe('the upcoming syncs of a connection', () => {
  it('are its next five regular times, with the wait that is its own', () => {
    const { nextSyncAt, nextSyncs, scheduleState } = upcoming(null, times);
    expect(nextSyncAt).toBe(new Date(at('16:00:00') + wait).toISOString());
    expect(nextSyncs.map(clock)).toEqual(['16:00', '17:00', '18:00', '19:00', '20:00']);
    expect(new Set(nextSyncs.map((time) => time.slice(14)))).toHaveProperty('size', 1);
    expect(scheduleState).toMatchObject({ code: 'waiting' });
  });

  it('are none without a schedule, or without a connection any more', () => {
    const none = { schedule: null, nextSyncAt: null, nextSyncs: [], scheduleState: null };
    expect(upcoming(null, { ...times, schedule: null })).toEqual(none);
    expect(upcoming(null, undefined)).toEqual(none);
  });

  it('are none while the connection needs attention, and it is said why', () => {
    const attention = { code: 'crm-credentials-refused', detail: 'The CRM does not accept the password.' };
    const { schedule, nextSyncAt, nextSyncs, scheduleState } = upcoming(attention, {
      ...times,
      paused: true,
    });
    expect([schedule, nextSyncAt, nextSyncs]).toEqual([times.schedule, null, []]);
    expect(scheduleState).toEqual({
      code: 'paused',
      detail: expect.stringMatching(/pauses until.*does not accept the password/),
    });
  });

  it('begin with the next try of a sync that failed', () => {
    const { nextSyncs, scheduleState } = upcoming(null, { ...times, retryAt: at('15:35:30'), tries: 1 });
    expect(nextSyncs.map(clock)).toEqual(['15:35', '16:00', '17:00', '18:00', '19:00']);
    expect(scheduleState).toEqual({ code: 'retrying', detail: expect.stringContaining('(try 2 of 3)') });
  });

  it('are never in the past: what was missed is one sync, now', () => {
    const { nextSyncAt, nextSyncs, scheduleState } = upcoming(null, {
      ...times,
      regularAt: now - 3 * 86_400_000,
    });
    expect(nextSyncAt).toBe(new Date(now).toISOString());
    expect(nextSyncs.map(clock)).toEqual(['15:30', '16:00', '17:00', '18:00', '19:00']);
    expect(scheduleState).toMatchObject({ code: 'due' });
  });
});
