import type { Decider } from '../../shared/event-store/decider.ts';
import type {
  ConnectionEvent,
  ConnectionLabels,
  CrmConnected,
  CrmCredentialsReplaced,
  CrmDisconnected,
  CrmNeedsAttention,
  CrmRecovered,
} from './contract.ts';

/** `attention` is the code of what keeps the connection from working; null when nothing does. */
export type ConnectionState = 'new' | { attention: string | null } | 'disconnected';

export const connection: Decider<ConnectionState, ConnectionEvent> = {
  initial: 'new',
  evolve: (state, event) => {
    switch (event.type) {
      case 'CrmConnected':
      case 'CrmRecovered':
        return { attention: null };
      case 'CrmNeedsAttention':
        return { attention: event.data.reason.code };
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

export const connectionStream = (connectionId: string): string => `connection-${connectionId}`;

export const connect =
  (data: CrmConnected['data'], labels: ConnectionLabels) =>
  (state: ConnectionState): CrmConnected[] =>
    state === 'new'
      ? [{ type: 'CrmConnected', data, personal: labels, subject: connectionStream(data.connectionId) }]
      : [];

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
