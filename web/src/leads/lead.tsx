import { Alert, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Refused } from '../api.ts';
import type { Booking, LeadDetail } from '../api.ts';
import { Link, LinkButton } from '../link.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Rows, ShowMore } from '../parts/rows.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { counted } from '../parts/words.ts';
import { bookingsOf, lead, leadThen } from '../queries.ts';
import { History } from './history.tsx';
import { MergeButton } from './merge.tsx';
import { Person, Source } from './person.tsx';
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
            <Card title={lead.bookings?.total ? counted(lead.bookings.total, 'booking') : 'Bookings'} flush>
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
          {service ?? 'Booking'}
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
