import { isDeepStrictEqual } from 'node:util';
import type { Decider } from '../../shared/event-store/decider.ts';
import type {
  ConnectionEvent,
  ConnectionLabels,
  ConnectionSettings,
  CrmConnected,
  CrmCredentialsReplaced,
  CrmDisconnected,
  CrmNeedsAttention,
  CrmRecovered,
  CrmScheduleChanged,
  CrmSettingsChanged,
  Schedule,
} from './contract.ts';

/** `attention` is the code of what keeps the connection from working; null when nothing does. */
type Existing = { attention: string | null; schedule: Schedule | null; settings: ConnectionSettings };
export type ConnectionState = 'new' | Existing | 'disconnected';

const UNTOUCHED: Existing = {
  attention: null,
  schedule: null,
  settings: { name: '', country: null, clientsWithoutEmail: 'quarantine', clientFields: false },
};

const existing = (state: ConnectionState): Existing => (typeof state === 'string' ? UNTOUCHED : state);

export const connection: Decider<ConnectionState, ConnectionEvent> = {
  initial: 'new',
  evolve: (state, event) => {
    const past = existing(state);
    switch (event.type) {
      case 'CrmConnected':
        return { ...UNTOUCHED, settings: settingsOf(event) };
      case 'CrmRecovered':
        return { ...past, attention: null };
      case 'CrmNeedsAttention':
        return { ...past, attention: event.data.reason.code };
      case 'CrmScheduleChanged':
        return { ...past, schedule: event.data.schedule };
      case 'CrmSettingsChanged':
        return { ...past, settings: { ...past.settings, ...changesOf(event) } };
      case 'CrmDisconnected':
        return 'disconnected';
      case 'CrmCredentialsReplaced':
        return state;
      default:
        event satisfies never;
        return state;
    }
  },
};

const settingsOf = ({ data, personal }: CrmConnected): ConnectionSettings => ({
  name: personal?.name ?? '',
  country: data.country ?? null,
  clientsWithoutEmail: data.clientsWithoutEmail,
  clientFields: data.clientFields ?? false,
});

/** The settings that an event has changed, as they are since then. */
export const changesOf = ({ data, personal }: CrmSettingsChanged): Partial<ConnectionSettings> => ({
  ...(data.changed.includes('name') && { name: personal?.name ?? '' }),
  ...(data.country !== undefined && { country: data.country }),
  ...(data.clientsWithoutEmail !== undefined && { clientsWithoutEmail: data.clientsWithoutEmail }),
  ...(data.clientFields !== undefined && { clientFields: data.clientFields }),
});

export const connectionStream = (connectionId: string): string => `connection-${connectionId}`;

export const connect =
  (data: CrmConnected['data'], labels: ConnectionLabels, schedule: Schedule | null = null) =>
  (state: ConnectionState): (CrmConnected | CrmScheduleChanged)[] =>
    state === 'new'
      ? [
          { type: 'CrmConnected', data, personal: labels, subject: connectionStream(data.connectionId) },
          ...changeSchedule(data.connectionId, schedule)(UNTOUCHED),
        ]
      : [];

export const changeSchedule =
  (connectionId: string, schedule: Schedule | null) =>
  (state: ConnectionState): CrmScheduleChanged[] =>
    typeof state === 'string' || isDeepStrictEqual(state.schedule, schedule)
      ? []
      : [{ type: 'CrmScheduleChanged', data: { connectionId, schedule } }];

/** Settings that are not named stay as they are. */
export const changeSettings =
  (connectionId: string, wanted: Partial<ConnectionSettings>) =>
  (state: ConnectionState): CrmSettingsChanged[] => {
    if (typeof state === 'string') return [];
    const isNews = ([name, value]: [string, unknown]): boolean =>
      value !== undefined && state.settings[name as keyof ConnectionSettings] !== value;
    const { name, ...rest }: Partial<ConnectionSettings> = Object.fromEntries(
      Object.entries(wanted).filter(isNews),
    );
    const changed = Object.keys(
      name === undefined ? rest : { name, ...rest },
    ) as (keyof ConnectionSettings)[];
    if (changed.length === 0) return [];
    const data = { connectionId, changed, ...rest };
    const personal = name !== undefined && { personal: { name }, subject: connectionStream(connectionId) };
    return [{ type: 'CrmSettingsChanged', data, ...personal }];
  };

export const replaceCredentials =
  (connectionId: string, login: string) =>
  (state: ConnectionState): (CrmCredentialsReplaced | CrmRecovered)[] =>
    typeof state === 'string'
      ? []
      : [
          {
            type: 'CrmCredentialsReplaced',
            data: { connectionId },
            personal: { login },
            subject: connectionStream(connectionId),
          },
          ...recover(connectionId)(state),
        ];

/** Said once: a connection that already waits for the same thing stays as it is. */
export const needAttention =
  (connectionId: string, reason: { code: string; detail: string }) =>
  (state: ConnectionState): CrmNeedsAttention[] =>
    typeof state === 'string' || state.attention === reason.code
      ? []
      : [{ type: 'CrmNeedsAttention', data: { connectionId, reason } }];

export const recover =
  (connectionId: string) =>
  (state: ConnectionState): CrmRecovered[] =>
    typeof state === 'string' || state.attention === null
      ? []
      : [{ type: 'CrmRecovered', data: { connectionId } }];

export const disconnect =
  (connectionId: string) =>
  (state: ConnectionState): CrmDisconnected[] =>
    typeof state === 'string' ? [] : [{ type: 'CrmDisconnected', data: { connectionId } }];
