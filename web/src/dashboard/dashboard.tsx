import { SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Suspense, lazy } from 'react';
import type { ReactNode } from 'react';
import type { Summary } from '../api.ts';
import { RightIcon } from '../icons.tsx';
import { Link, LinkButton } from '../link.tsx';
import { Answer } from '../parts/answer.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Empty, LoadingRows } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { number, reasonOf } from '../parts/words.ts';
import { summary } from '../queries.ts';
import { Attention } from './attention.tsx';

/** The charts are the heaviest part of the console; the figures do not wait for them. */
const NewLeads = lazy(async () => ({ default: (await import('./new-leads.tsx')).NewLeads }));

export function Dashboard() {
  const asked = useQuery(summary);
  return (
    <Page
      title="Dashboard"
      lead={
        asked.data !== undefined &&
        asked.data.connections.length > 0 && (
          <>
            Last synced <Time at={asked.data.lastSyncedAt} as="relative" />
          </>
        )
      }
    >
      <Answer asked={asked} loading={8}>
        {(summary) => (summary.connections.length === 0 ? <Welcome /> : <Known summary={summary} />)}
      </Answer>
    </Page>
  );
}

function Welcome() {
  return (
    <Card>
      <Empty title="Welcome to crm-sync">
        <Stack align="center" gap="md" pt={4}>
          <span>
            Connect your SimplyBook.me company. Its clients become leads, their bookings come along, and every
            change is kept.
          </span>
          <LinkButton to="/settings/connect">Connect CRM</LinkButton>
        </Stack>
      </Empty>
    </Card>
  );
}

function Known({ summary }: { summary: Summary }) {
  const { leads, bookings, quarantine } = summary;
  const recent = leads.newPerDay.reduce((sum, { count }) => sum + count, 0);
  return (
    <Stack gap="lg">
      <Attention summary={summary} />
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'sm', sm: 'lg' }}>
        <Figure to="/leads" label="Leads" value={leads.total}>
          {leads.byStatus.gone > 0
            ? `${number(leads.byStatus.gone)} gone from the CRM`
            : 'all known to the CRM'}
        </Figure>
        <Figure to="/leads" label="New leads" value={recent}>
          in the last thirty days
        </Figure>
        <Figure to="/bookings" label="Upcoming bookings" value={bookings.upcoming}>
          of {number(bookings.total)} in all
        </Figure>
        <Figure to="/quarantine" label="In quarantine" value={quarantine.total}>
          {quarantine.byCode[0] === undefined ? 'nothing waits' : mostly(quarantine.byCode)}
        </Figure>
      </SimpleGrid>
      <div className="dashboard-columns">
        <Card title="New leads per day">
          <Suspense fallback={<LoadingRows rows={5} />}>
            <NewLeads days={leads.newPerDay} />
          </Suspense>
        </Card>
        <Card title="Next bookings" flush>
          <NextBookings bookings={bookings.next} />
        </Card>
      </div>
      <Card title="Connections" flush>
        <Connections summary={summary} />
      </Card>
    </Stack>
  );
}

const mostly = (codes: Summary['quarantine']['byCode']): string => {
  const [most] = codes.toSorted((one, other) => other.count - one.count);
  return most === undefined ? '' : `mostly: ${reasonOf(most.code).toLowerCase()}`;
};

type FigureProps = {
  to: '/leads' | '/bookings' | '/quarantine';
  label: string;
  value: number;
  children: ReactNode;
};

function Figure({ to, label, value, children }: FigureProps) {
  return (
    <div className="card figure">
      <Link to={to} className="row-link figure-label">
        {label}
      </Link>
      <div className="figure-value numbers">{number(value)}</div>
      <Text size="xs" c="dimmed" lineClamp={2}>
        {children}
      </Text>
    </div>
  );
}

function NextBookings({ bookings }: { bookings: Summary['bookings']['next'] }) {
  if (bookings.length === 0) return <Empty title="Nothing is booked" isSmall />;
  return bookings.slice(0, 5).map(({ id, leadId, leadName, startAt, service, status }) => (
    <div key={id} className="list-row next-row">
      <div style={{ minWidth: 0 }}>
        {leadId === null ? (
          <Text size="sm" fw={550} truncate dir="auto">
            {service ?? 'Booking'}
          </Text>
        ) : (
          <Link to="/leads/$id" params={{ id: leadId }} className="row-link" dir="auto">
            {leadName ?? 'No name'}
          </Link>
        )}
        <Text size="sm" c="dimmed" truncate>
          <Time at={startAt} />
          {leadId !== null && service !== null && <bdi>{` · ${service}`}</bdi>}
        </Text>
      </div>
      {status === 'confirmed' ? <RightIcon size={16} /> : <Status of={status} />}
    </div>
  ));
}

function Connections({ summary: { connections, runs } }: { summary: Summary }) {
  return connections.map(({ id, name, company, status, lastSyncedAt, nextSyncAt }) => {
    const last = runs.last.find(({ connectionId }) => connectionId === id);
    return (
      <div key={id} className="list-row connection-row">
        <div className="cell">
          <Link to="/settings/connections/$id" params={{ id }} className="row-link">
            {name}
          </Link>
          <Text size="xs" c="dimmed" truncate>
            {company}
          </Text>
        </div>
        <div>
          <Status of={status} />
        </div>
        <Text size="sm" c="dimmed" component="div">
          Last sync <Time at={lastSyncedAt} as="relative" />
          {last !== undefined && last.status !== 'succeeded' && (
            <>
              {' '}
              <Status of={last.status} />
            </>
          )}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          Next <Time at={nextSyncAt} as="relative" none="on demand" />
        </Text>
      </div>
    );
  });
}
