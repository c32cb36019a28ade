import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Lead } from '../api.ts';
import { SearchIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { ConnectionSelect } from '../parts/connection-select.tsx';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { leads } from '../queries.ts';
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
  const wanted = leads({ ...question, search });
  const found = useInfiniteQuery({ ...wanted, placeholderData: keepPreviousData });
  const ask = (part: Partial<LeadsQuestion>): void => {
    asked = { ...question, ...part };
    setQuestion(asked);
  };
  const isNarrowed = search !== '' || question.status !== null || question.source !== null;
  return (
    <Page
      title="Leads"
      lead="Everybody your CRM knows, each person once."
      actions={<ExportButton question={{ ...question, search }} />}
    >
      <Filters question={question} ask={ask} />
      <List
        asked={found}
        of={wanted.queryKey}
        label="Leads"
        columns={COLUMNS}
        keyOf={idOf}
        rowHeight={56}
        empty={isNarrowed ? <Nobody ask={ask} /> : <NoLeads />}
      >
        {(lead) => <Row lead={lead} />}
      </List>
    </Page>
  );
}

function Nobody({ ask }: Pick<FiltersProps, 'ask'>) {
  return (
    <Empty title="Nobody like that">
      <Stack align="center" gap="md">
        Look for a part of a name, an e-mail address or a phone number.
        <Button variant="default" size="xs" onClick={() => ask({ search: '', status: null, source: null })}>
          Show everybody
        </Button>
      </Stack>
    </Empty>
  );
}

function NoLeads() {
  return (
    <Empty title="No leads yet">
      Connect your CRM under <Link to="/settings">Settings</Link> and sync it.
    </Empty>
  );
}

type FiltersProps = { question: LeadsQuestion; ask: (part: Partial<LeadsQuestion>) => void };

function Filters({ question, ask }: FiltersProps) {
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
        className="filter"
      />
      <ConnectionSelect value={question.source} onChange={(source) => ask({ source })} />
      <Select
        aria-label="Order"
        data={SORTS}
        value={question.sort}
        onChange={(sort) => ask({ sort: sort ?? '-createdAt' })}
        allowDeselect={false}
        className="filter"
      />
    </Group>
  );
}

const COLUMNS: readonly Column[] = [
  ['Name', 'minmax(0, 1.3fr)'],
  ['E-mail', 'minmax(0, 1.7fr)'],
  ['Phone', 'minmax(0, 1fr)'],
  ['Changed', '130px'],
];
const idOf = ({ id }: Lead): string => id;

function Row({ lead: { id, name, email, phone, phoneE164, status, updatedAt, sources } }: { lead: Lead }) {
  return (
    <div className="list-row lead-row">
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
