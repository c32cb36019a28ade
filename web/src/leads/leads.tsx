import { Box, Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Lead } from '../api.ts';
import { SearchIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { Endless } from '../parts/endless.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { connections, leads } from '../queries.ts';
import type { LeadSort, LeadStatus, LeadsQuestion } from '../queries.ts';
import { ExportButton } from './export.tsx';

const SORTS: { value: LeadSort; label: string }[] = [
  { value: '-createdAt', label: 'Newest first' },
  { value: '-updatedAt', label: 'Last changed first' },
  { value: 'name', label: 'By name' },
  { value: 'createdAt', label: 'Oldest first' },
];
const STATUSES: { value: LeadStatus; label: string }[] = [
  { value: 'active', label: 'Active' },
  { value: 'gone', label: 'Gone from the CRM' },
  { value: 'erased', label: 'Erased' },
];

const TYPING = 180; // ms

/** What was looked for last. It stays in this page's memory: names have no place in an address. */
let asked: LeadsQuestion = { search: '', sort: '-createdAt', status: null, source: null };

export function Leads() {
  const [question, setQuestion] = useState(asked);
  const [search] = useDebouncedValue(question.search.trim(), TYPING);
  const { data, error, refetch, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery({ ...leads({ ...question, search }), placeholderData: keepPreviousData });
  const ask = (part: Partial<LeadsQuestion>): void => {
    asked = { ...question, ...part };
    setQuestion(asked);
  };
  const rows = data?.pages.flatMap(({ data }) => data) ?? [];
  const isNarrowed = search !== '' || question.status !== null || question.source !== null;
  return (
    <Page
      title="Leads"
      lead="Everybody your CRM knows, each person once."
      actions={<ExportButton question={{ ...question, search }} />}
    >
      <Filters question={question} ask={ask} />
      {error !== null && <Trouble error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <LoadingRows rows={10} />}
      {data !== undefined && rows.length === 0 && (
        <div className="list">
          {isNarrowed ? (
            <Empty title="Nobody like that">
              Look for a part of a name, an e-mail address or a phone number.
            </Empty>
          ) : (
            <Empty title="No leads yet">
              Connect your CRM under <Link to="/settings">Settings</Link> and sync it.
            </Empty>
          )}
        </div>
      )}
      {rows.length > 0 && (
        <Box style={{ opacity: isPlaceholderData ? 0.6 : 1 }} aria-busy={isPlaceholderData}>
          <Endless
            rows={rows}
            keyOf={({ id }) => id}
            hasMore={hasNextPage}
            isLoadingMore={isFetchingNextPage}
            more={() => void fetchNextPage()}
            rowHeight={56}
            label="Leads"
            head={<Head />}
          >
            {(lead) => <Row lead={lead} />}
          </Endless>
        </Box>
      )}
    </Page>
  );
}

type FiltersProps = { question: LeadsQuestion; ask: (part: Partial<LeadsQuestion>) => void };

function Filters({ question, ask }: FiltersProps) {
  const { data = [] } = useQuery(connections);
  return (
    <Group gap="sm" mb="md">
      <TextInput
        type="search"
        aria-label="Search leads"
        placeholder="Name, e-mail or phone"
        leftSection={<SearchIcon size={16} />}
        value={question.search}
        maxLength={200}
        onChange={({ currentTarget }) => ask({ search: currentTarget.value })}
        style={{ flex: '2 1 260px' }}
      />
      <Select
        aria-label="Status"
        placeholder="Any status"
        data={STATUSES}
        value={question.status}
        onChange={(status) => ask({ status })}
        clearable
        style={{ flex: '1 1 130px', maxWidth: 220 }}
      />
      {data.length > 1 && (
        <Select
          aria-label="Connection"
          placeholder="Any connection"
          data={data.map(({ id, name }) => ({ value: id, label: name }))}
          value={question.source}
          onChange={(source) => ask({ source })}
          clearable
          style={{ flex: '1 1 130px', maxWidth: 220 }}
        />
      )}
      <Select
        aria-label="Order"
        data={SORTS}
        value={question.sort}
        onChange={(sort) => ask({ sort: sort ?? '-createdAt' })}
        allowDeselect={false}
        style={{ flex: '1 1 130px', maxWidth: 220 }}
      />
    </Group>
  );
}

const COLUMNS = 'minmax(0, 1.3fr) minmax(0, 1.7fr) minmax(0, 1fr) 130px';

function Head() {
  return (
    <div className="list-head" role="row" style={{ gridTemplateColumns: COLUMNS }}>
      <div role="columnheader">Name</div>
      <div role="columnheader">E-mail</div>
      <div role="columnheader">Phone</div>
      <div role="columnheader">Changed</div>
    </div>
  );
}

function Row({ lead: { id, name, email, phone, phoneE164, status, updatedAt, sources } }: { lead: Lead }) {
  return (
    <div className="list-row lead-row" style={{ '--columns': COLUMNS } as React.CSSProperties}>
      <div className="cell" role="cell">
        <Link to="/leads/$id" params={{ id }} className="row-link" dir="auto">
          {name ?? 'No name'}
        </Link>
        {status !== 'active' && (
          <>
            {' '}
            <Status of={status} />
          </>
        )}
        {sources.length > 1 && (
          <Text span size="xs" c="dimmed" ml={8}>
            {sources.length} sources
          </Text>
        )}
      </div>
      <div className="cell quiet" role="cell" dir="auto">
        {email ?? '–'}
      </div>
      <div className="cell quiet numbers" role="cell">
        {phoneE164 ?? phone ?? '–'}
      </div>
      <div className="cell quiet wide-only" role="cell">
        <Time at={updatedAt} as="relative" />
      </div>
    </div>
  );
}
