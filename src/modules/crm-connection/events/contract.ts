import type { Event } from '../../../shared/event-store/event.ts';

/** When a connection syncs by itself: a five-field cron, and the IANA zone whose clocks it goes by. */
export type Schedule = { cron: string; timezone: string };

/** What may be changed about a connection, beside its schedule and its credentials. */
export type ConnectionSettings = {
  name: string;
  country: string | null;
  clientsWithoutEmail: 'quarantine' | 'import';
  clientFields: boolean;
};

/** `personal` of a connection: who signs in, and what people call it. */
export type ConnectionLabels = { name: string; login: string };
type ConnectionFacts = { connectionId: string };

export type CrmConnected = Event<
  'CrmConnected',
  ConnectionFacts & {
    provider: 'simplybook';
    company: string;
    domain: string;
    timezone: string | null;
    /** Absent from connections older than the settings. */
    country?: string | null;
    clientsWithoutEmail: 'quarantine' | 'import';
    clientFields?: boolean;
  },
  ConnectionLabels
>;
export type CrmCredentialsReplaced = Event<'CrmCredentialsReplaced', ConnectionFacts, { login: string }>;
export type CrmNeedsAttention = Event<
  'CrmNeedsAttention',
  ConnectionFacts & { reason: { code: string; detail: string } }
>;
export type CrmRecovered = Event<'CrmRecovered', ConnectionFacts>;
export type CrmScheduleChanged = Event<'CrmScheduleChanged', ConnectionFacts & { schedule: Schedule | null }>;
/** `data` and `personal` hold the settings that have changed, as they are now. */
export type CrmSettingsChanged = Event<
  'CrmSettingsChanged',
  ConnectionFacts & { changed: (keyof ConnectionSettings)[] } & Partial<Omit<ConnectionSettings, 'name'>>,
  Pick<ConnectionLabels, 'name'>
>;
export type CrmDisconnected = Event<'CrmDisconnected', ConnectionFacts>;
export type ConnectionEvent =
  | CrmConnected
  | CrmCredentialsReplaced
  | CrmNeedsAttention
  | CrmRecovered
  | CrmScheduleChanged
  | CrmSettingsChanged
  | CrmDisconnected;
