import { Alert, Badge, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Refused } from '../api.ts';
import type { Booking, LeadDetail, LeadSource } from '../api.ts';
import { Link } from '../link.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Rows, ShowMore } from '../parts/rows.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { counted } from '../parts/words.ts';
import { bookingsOf, connections, lead } from '../queries.ts';
import { History } from './history.tsx';
import { MergeButton } from './merge.tsx';
import { MergedLeads } from './split.tsx';

const route = getRouteApi('/shell/leads/$id');

export function LeadPage() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery(lead(id));
  if (data !== undefined) return <Known lead={data} />;
  return (
    <Page title="Lead">
      {error === null ? <LoadingRows /> : <Unknown error={error} retry={() => void refetch()} />}
    </Page>
  );
}

/** A merged lead says into which one it went. */
function Unknown({ error, retry }: { error: Error; retry: () => void }) {
  const into = error instanceof Refused ? (error.problem as { mergedInto?: string }).mergedInto : undefined;
  if (into === undefined) return <Trouble error={error} retry={retry} />;
  return (
    <Alert color="blue" title="This lead was merged into another one">
      <Link to="/leads/$id" params={{ id: into }}>
        Go to the lead that has its sources now
      </Link>
    </Alert>
  );
}

function Known({ lead }: { lead: LeadDetail }) {
  return (
    <Page
      title={lead.name ?? 'No name'}
      lead={
        <Group gap="xs">
          <Status of={lead.status} />
          <span>
            since <Time at={lead.createdAt} as="day" />, last synced{' '}
            <Time at={lead.lastSyncedAt} as="relative" />
          </span>
        </Group>
      }
      actions={lead.status !== 'erased' && <MergeButton lead={lead} />}
    >
      <div className="lead-columns">
        <Stack gap="lg">
          <Card title="Person">
            <Person lead={lead} />
          </Card>
          <Card title={counted(lead.sources.length, 'source')}>
            <Stack gap="lg" pt={4}>
              {lead.sources.map((source) => (
                <Source key={`${source.connectionId}/${source.externalId}`} source={source} />
              ))}
            </Stack>
          </Card>
          {lead.mergedLeads.length > 0 && <MergedLeads lead={lead} />}
          <Card title={counted(lead.bookings?.total ?? 0, 'booking')} flush>
            <LeadBookings id={lead.id} />
          </Card>
        </Stack>
        <Card title="History">
          <History id={lead.id} />
        </Card>
      </div>
    </Page>
  );
}

function Person({ lead: { email, phone, phoneE164, address } }: { lead: LeadDetail }) {
  return (
    <dl className="facts">
      <dt>E-mail</dt>
      <dd dir="auto">{email ?? '–'}</dd>
      <dt>Phone</dt>
      <dd className="numbers">{phoneE164 ?? phone ?? '–'}</dd>
      {address !== null && (
        <>
          <dt>Address</dt>
          <dd dir="auto">{placeOf(address)}</dd>
        </>
      )}
    </dl>
  );
}

type Address = NonNullable<LeadDetail['address']>;

const placeOf = ({ line1, line2, zip, city, state, country }: Address): string =>
  [line1, line2, [zip, city].filter(Boolean).join(' '), state, country].filter(Boolean).join(', ');

function Source({ source }: { source: LeadSource }) {
  const { data = [] } = useQuery(connections);
  const name = data.find(({ id }) => id === source.connectionId)?.name ?? 'SimplyBook.me';
  return (
    <div>
      <Group gap="xs" mb={6}>
        <Link to="/settings/connections/$id" params={{ id: source.connectionId }} size="sm" fw={550}>
          {name}
        </Link>
        <Text size="sm" c="dimmed">
          client {source.externalId}
        </Text>
        {source.primary && (
          <Badge size="sm" variant="default" tt="none" fw={500}>
            primary
          </Badge>
        )}
      </Group>
      <dl className="facts">
        <dt>Name</dt>
        <dd dir="auto">{source.name ?? '–'}</dd>
        <dt>E-mail</dt>
        <dd dir="auto">{source.email ?? '–'}</dd>
        <dt>Phone</dt>
        <dd className="numbers">{source.phone ?? '–'}</dd>
        {source.fields.map(({ id, title, value }) => [
          <dt key={`${id} title`} dir="auto">
            {title}
          </dt>,
          <dd key={id} dir="auto">
            {value}
          </dd>,
        ])}
      </dl>
    </div>
  );
}

function LeadBookings({ id }: { id: string }) {
  const booked = useInfiniteQuery(bookingsOf(id));
  return (
    <>
      <Rows asked={booked} empty={<Empty title="Nothing booked" />} loading={3}>
        {(bookings) => bookings.map((booking) => <BookingRow key={booking.id} booking={booking} />)}
      </Rows>
      <ShowMore of={booked}>Earlier ones</ShowMore>
    </>
  );
}

function BookingRow({ booking: { startAt, service, provider, status } }: { booking: Booking }) {
  return (
    <SimpleGrid className="list-row" cols={{ base: 1, xs: 2 }} spacing={4}>
      <div>
        <Text size="sm" fw={550} dir="auto">
          {service ?? 'Appointment'}
        </Text>
        <Text size="sm" c="dimmed">
          <Time at={startAt} none="no time" />
          {provider !== null && <bdi>{` · ${provider}`}</bdi>}
        </Text>
      </div>
      <Group justify="flex-end">
        <Status of={status} />
      </Group>
    </SimpleGrid>
  );
}
