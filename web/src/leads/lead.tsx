import { Alert, Badge, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Refused } from '../api.ts';
import type { Booking, LeadDetail, LeadSource } from '../api.ts';
import { Link, LinkButton } from '../link.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Rows, ShowMore } from '../parts/rows.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { counted } from '../parts/words.ts';
import { bookingsOf, lead, leadThen, useConnectionName } from '../queries.ts';
import { History } from './history.tsx';
import { MergeButton } from './merge.tsx';
import { MergedLeads } from './split.tsx';

const route = getRouteApi('/shell/leads/$id');

export function LeadPage() {
  const { id } = route.useParams();
  const { asOf } = route.useSearch();
  const now = useQuery({ ...lead(id), enabled: asOf === undefined });
  const then = useQuery({
    ...leadThen(id, asOf ?? 0),
    enabled: asOf !== undefined,
    placeholderData: (before) => (before?.id === id ? before : undefined),
  });
  const { data, error, refetch } = asOf === undefined ? now : then;
  if (data !== undefined) return <Known lead={data} asOf={asOf} />;
  return (
    <Page title="Lead">
      {error === null ? (
        <LoadingRows />
      ) : (
        <Unknown id={id} asOf={asOf} error={error} retry={() => void refetch()} />
      )}
    </Page>
  );
}

type UnknownProps = { id: string; asOf: number | undefined; error: Error; retry: () => void };

/** A merged lead says into which one it went, and still has its history. */
function Unknown({ id, asOf, error, retry }: UnknownProps) {
  const into = error instanceof Refused ? (error.problem as { mergedInto?: string }).mergedInto : undefined;
  if (into === undefined) return <Trouble error={error} retry={retry} />;
  return (
    <Stack gap="lg" maw={720}>
      <Alert color="blue" title="This lead was merged into another one">
        <Link to="/leads/$id" params={{ id: into }}>
          Go to the lead that has its sources now
        </Link>
      </Alert>
      <Card title="History">
        <History id={id} asOf={asOf} />
      </Card>
    </Stack>
  );
}

type KnownProps = { lead: LeadDetail; asOf: number | undefined };

function Known({ lead, asOf }: KnownProps) {
  const isNow = asOf === undefined;
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
      actions={isNow && lead.status !== 'erased' && <MergeButton lead={lead} />}
    >
      {!isNow && <Then lead={lead} />}
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
          {isNow && lead.mergedLeads.length > 0 && <MergedLeads lead={lead} />}
          {isNow && (
            <Card title={counted(lead.bookings?.total ?? 0, 'booking')} flush>
              <LeadBookings id={lead.id} />
            </Card>
          )}
        </Stack>
        <Card title="History">
          <History id={lead.id} asOf={asOf} />
        </Card>
      </div>
    </Page>
  );
}

/** Says that this is the past, and leads back. */
function Then({ lead: { id, updatedAt } }: { lead: LeadDetail }) {
  return (
    <Alert
      color="blue"
      mb="lg"
      role="status"
      title={
        <>
          As it was on <Time at={updatedAt} as="seconds" />
        </>
      }
    >
      <Group gap="md" justify="space-between">
        <Text size="sm">Its values and sources at that time, read from the log.</Text>
        <LinkButton
          to="/leads/$id"
          params={{ id }}
          search={{}}
          variant="default"
          size="xs"
          resetScroll={false}
        >
          Back to now
        </LinkButton>
      </Group>
    </Alert>
  );
}

function Person({ lead }: { lead: LeadDetail }) {
  const { email, phone, phoneE164, address } = lead;
  return (
    <dl className="facts">
      <dt>E-mail</dt>
      <dd>
        <bdi>{email ?? '–'}</bdi>
        <From lead={lead} field="email" />
      </dd>
      <dt>Phone</dt>
      <dd>
        <bdi className="numbers">{phone ?? '–'}</bdi>
        {phoneE164 !== null && phoneE164 !== phone?.replaceAll(/[\s()./-]/g, '') && (
          <span className="quiet numbers"> {phoneE164}</span>
        )}
        <From lead={lead} field="phone" />
      </dd>
      {address !== null && (
        <>
          <dt>Address</dt>
          <dd>
            <bdi>{placeOf(address)}</bdi>
          </dd>
        </>
      )}
    </dl>
  );
}

/** Which client of which company a value is from. Sources stand in the order in which they are asked for one. */
function From({ lead, field }: { lead: LeadDetail; field: 'email' | 'phone' }) {
  const source = lead.sources.find((one) => one[field] !== null);
  const name = useConnectionName(source?.connectionId);
  if (source === undefined || lead[field] === null) return null;
  return (
    <Text size="xs" c="dimmed" component="div">
      from <bdi>{name}</bdi>, client {source.externalId}
    </Text>
  );
}

type Address = NonNullable<LeadDetail['address']>;

const placeOf = ({ line1, line2, zip, city, state, country }: Address): string =>
  [line1, line2, [zip, city].filter(Boolean).join(' '), state, country].filter(Boolean).join(', ');

function Source({ source }: { source: LeadSource }) {
  const name = useConnectionName(source.connectionId);
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
        {source.status === 'gone' && <Status of="gone" />}
      </Group>
      <dl className="facts">
        <dt>Name</dt>
        <dd>
          <bdi>{source.name ?? '–'}</bdi>
        </dd>
        <dt>E-mail</dt>
        <dd>
          <bdi>{source.email ?? '–'}</bdi>
        </dd>
        <dt>Phone</dt>
        <dd className="numbers">
          <bdi>{source.phone ?? '–'}</bdi>
        </dd>
        {source.fields.map(({ id, title, value }) => [
          <dt key={`${id} title`}>
            <bdi>{title}</bdi>
          </dt>,
          <dd key={id}>
            <bdi>{value}</bdi>
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
      <Rows asked={booked} empty={<Empty title="Nothing booked" isSmall />} loading={3}>
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
