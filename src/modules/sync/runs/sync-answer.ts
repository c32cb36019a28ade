import { Refusal } from '../../../shared/errors.ts';
import type { SyncRun } from '../contract.ts';
import type { QuarantinedRecord } from '../quarantine/quarantine.read-model.ts';
import type { SyncAnswerDto } from './sync.dto.ts';

/** What the caller of a sync is told at its end: see http-contract "The sync answer". */
export const syncAnswer = (run: SyncRun, waiting: readonly QuarantinedRecord[]): SyncAnswerDto => {
  const { fetched, created, updated, linked, unchanged, quarantined, erased, bookings } = run.counts;
  const { missing, gone, returned } = run.absences;
  return {
    success: true,
    message: messageOf(run),
    lastSynced: run.finishedAt!,
    runId: run.id,
    status: run.status,
    stats: {
      leads_created: created,
      leads_updated: updated,
      bookings_found: bookings.fetched,
      errors_count: quarantined + bookings.quarantined,
      clients_fetched: fetched,
      leads_unchanged: unchanged,
      leads_linked: linked,
      clients_quarantined: quarantined,
      clients_erased: erased,
      clients_missing: missing,
      clients_gone: gone,
      clients_returned: returned,
      bookings_created: bookings.created,
      bookings_updated: bookings.updated,
      bookings_unchanged: bookings.unchanged,
      bookings_quarantined: bookings.quarantined,
    },
    errors: waiting.map(({ externalId, code, detail }) => ({ externalId, code, message: detail })),
    warnings: run.warnings,
    heldDeletions: run.heldDeletions,
  };
};

const messageOf = ({ status, error }: SyncRun): string =>
  status === 'suspicious'
    ? `CRM sync completed, but its result is doubtful. ${error?.detail ?? ''}`.trim()
    : 'CRM sync completed successfully';

/** A run that brought nothing to its end is a problem, said as one. */
export const refuseUnfinished = ({ id, status, error }: SyncRun): never => {
  const reason = error?.detail ?? 'It did not come to its end.';
  const happened = error?.code.startsWith('crm-')
    ? `Failed to fetch ${error.phase ?? 'clients'} from SimplyBook.me.`
    : `The sync ${status === 'failed' ? 'failed' : `was ${status}`}.`;
  const message =
    status === 'failed'
      ? `${happened} ${reason}`
      : `${happened} ${reason} Start it again: what was written stays, nothing is doubled.`;
  const kind = 'bad-gateway';
  throw new Refusal(kind, error?.code ?? `sync-${status}`, message, {
    members: { success: false, error: message, runId: id },
  });
};
