import { Button, Chip, Group, SegmentedControl, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, api } from '../api.ts';
import type { Waiting } from '../api.ts';
import { useConfirm } from '../parts/confirm.tsx';
import { ConnectionSelect } from '../parts/connection-select.tsx';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/list.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import type { Asked } from '../parts/rows.tsx';
import { Empty } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { counted, number, reasonOf } from '../parts/words.ts';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks, quarantine, summary } from '../queries.ts';
import type { QuarantineQuestion } from '../queries.ts';
import { RecordDrawer } from './record.tsx';

const route = getRouteApi('/shell/quarantine');

export function Quarantine() {
  const { open } = route.useSearch();
  const navigate = route.useNavigate();
  const [question, setQuestion] = useState<QuarantineQuestion>({
    status: 'waiting',
    code: null,
    connectionId: null,
  });
  const wanted = quarantine(question);
  const found = useInfiniteQuery({ ...wanted, placeholderData: keepPreviousData });
  const show = (id?: string): void =>
    void navigate({ to: '/quarantine', search: id === undefined ? {} : { open: id }, resetScroll: false });
  return (
    <Page title="Quarantine" lead="Records that could not be taken as they are. None of them is lost.">
      <Filters question={question} ask={setQuestion} />
      {question.status === 'waiting' && question.code !== null && (
        <Bulk code={question.code} connectionId={question.connectionId} found={found} />
      )}
      <List
        asked={found}
        of={wanted.queryKey}
        label="Records in quarantine"
        columns={COLUMNS}
        keyOf={idOf}
        rowHeight={64}
        empty={<Nothing question={question} />}
      >
        {(record) => <Row record={record} open={() => show(record.id)} />}
      </List>
      <RecordDrawer id={open ?? null} close={() => show()} />
    </Page>
  );
}

function Nothing({ question: { status, code, connectionId } }: { question: QuarantineQuestion }) {
  if (status === 'dismissed') return <Empty title="Nothing has been dismissed" />;
  if (code !== null || connectionId !== null) return <Empty title="Nothing waits for that reason" />;
  return <Empty title="Nothing waits here">Every record that the CRM sent has been taken.</Empty>;
}

type FiltersProps = { question: QuarantineQuestion; ask: (question: QuarantineQuestion) => void };

function Filters({ question, ask }: FiltersProps) {
  const { data: known } = useQuery(summary);
  const codes = (known?.quarantine.byCode ?? []).toSorted((one, other) => other.count - one.count);
  return (
    <Group gap="sm" mb="md" justify="space-between">
      <Chip.Group
        value={question.code ?? ''}
        onChange={(code) => ask({ ...question, code: code === '' ? null : code })}
      >
        <Group gap={6} role="group" aria-label="Reason">
          <Chip value="" size="sm" variant="outline">
            Every reason
          </Chip>
          {codes.map(({ code, count }) => (
            <Chip key={code} value={code} size="sm" variant="outline">
              {reasonOf(code)}
              {question.status === 'waiting' && ` · ${number(count)}`}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group gap="sm">
        <ConnectionSelect
          value={question.connectionId}
          onChange={(connectionId) => ask({ ...question, connectionId })}
        />
        <SegmentedControl
          aria-label="Which records"
          data={[
            { value: 'waiting', label: 'Waiting' },
            { value: 'dismissed', label: 'Dismissed' },
          ]}
          value={question.status}
          onChange={(status) => ask({ ...question, status })}
        />
      </Group>
    </Group>
  );
}

type BulkProps = { code: string; connectionId: string | null; found: Asked<Waiting> };

/** What can be done with all that wait for one reason. */
function Bulk({ code, connectionId, found: { data, hasNextPage } }: BulkProps) {
  const confirm = useConfirm();
  const notice = useNotice();
  const body = { code, ...(connectionId !== null && { connectionId }) };
  const replay = useDeed({
    mutationFn: () => answered(api.POST('/api/quarantine/replay', { body })),
    onSuccess: async ({ released, stillWaiting }) => {
      notice.said(
        released === 0
          ? `None can be taken as it is: ${counted(stillWaiting, 'record')} still waiting. Repair each, here or in the CRM.`
          : `${counted(released, 'record')} taken, ${counted(stillWaiting, 'record')} still waiting.`,
      );
      await forgetBooks();
    },
    onError: notice.failed,
  });
  const dismiss = useDeed({
    mutationFn: () => answered(api.POST('/api/quarantine/dismiss', { body })),
    onSuccess: async ({ dismissed }) => {
      notice.said(`${counted(dismissed, 'record')} dismissed.`);
      await forgetBooks();
    },
    onError: notice.failed,
  });
  const known = data?.pages.reduce((sum, page) => sum + page.data.length, 0) ?? 0;
  if (known === 0) return null;
  // Bookings are tried again with every sync.
  const hasClients = data?.pages.some((page) => page.data.some(({ kind }) => kind === 'client')) === true;
  const count = hasNextPage ? `more than ${number(known)} records` : counted(known, 'record');
  const ask = async (): Promise<void> => {
    const isSure = await confirm({
      title: `Dismiss ${count}?`,
      body: (
        <Text size="sm">
          They wait no longer, unless the CRM changes them. They stay in the list of the dismissed.
        </Text>
      ),
      action: 'Dismiss them',
    });
    if (isSure) dismiss.mutate();
  };
  return (
    <Group gap="xs" mb="md">
      <Text size="sm" c="dimmed">
        All that wait for this reason:
      </Text>
      {hasClients && (
        <Button variant="default" size="xs" loading={replay.isPending} onClick={() => replay.mutate()}>
          Try all again
        </Button>
      )}
      <Button variant="default" size="xs" loading={dismiss.isPending} onClick={() => void ask()}>
        Dismiss all…
      </Button>
    </Group>
  );
}

const COLUMNS: readonly Column[] = [
  ['Record', 'minmax(0, 2.4fr)'],
  ['Reason', 'minmax(0, 1fr)'],
  ['Since', '130px'],
];
const idOf = ({ id }: Waiting): string => id;

function Row({ record, open }: { record: Waiting; open: () => void }) {
  const { kind, externalId, code, detail, firstSeenAt } = record;
  return (
    <div className="list-row record-row">
      <div className="whole" role="cell" style={{ minWidth: 0 }}>
        <button type="button" className="row-link row-button" onClick={open}>
          {kind === 'client' ? 'Client' : 'Booking'} {externalId}
        </button>
        <Text size="sm" c="dimmed" lineClamp={2} component="bdi" display="-webkit-box">
          {detail}
        </Text>
      </div>
      <div className="cell quiet" role="cell">
        {reasonOf(code)}
      </div>
      <div className="cell quiet" role="cell">
        <Time at={firstSeenAt} as="relative" />
      </div>
    </div>
  );
}
