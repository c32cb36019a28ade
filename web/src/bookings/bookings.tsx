import { Group, SegmentedControl, Select, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Booking } from '../api.ts';
import { Link } from '../link.tsx';
import { Endless } from '../parts/endless.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { bookings } from '../queries.ts';
import type { BookingStatus } from '../queries.ts';
import { Week } from './week.tsx';

const STATUSES: { value: BookingStatus; label: string }[] = [
  { value: 'confirmed', label: 'Confirmed' },
  { value: 'confirmed_pending', label: 'Confirmed, pending' },
  { value: 'pending', label: 'Pending' },
  { value: 'canceled', label: 'Canceled' },
];

let lastView: 'week' | 'list' = 'week';

export function Bookings() {
  const [view, setView] = useState(lastView);
  const [status, setStatus] = useState<BookingStatus | null>(null);
  return (
    <Page
      title="Bookings"
      lead="Appointments as the CRM has them, in your time zone."
      actions={
        <>
          <Select
            aria-label="Status"
            placeholder="Any status"
            data={STATUSES}
            value={status}
            onChange={(value) => setStatus(value)}
            clearable
            w={170}
          />
          <SegmentedControl
            aria-label="View"
            data={[
              { value: 'week', label: 'Week' },
              { value: 'list', label: 'List' },
            ]}
            value={view}
            onChange={(value) => {
              lastView = value;
              setView(lastView);
            }}
          />
        </>
      }
    >
      {view === 'week' ? <Week status={status} /> : <BookingTable status={status} />}
    </Page>
  );
}

function BookingTable({ status }: { status: BookingStatus | null }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    bookings(status),
  );
  const rows = data?.pages.flatMap(({ data }) => data) ?? [];
  if (error !== null) return <Trouble error={error} retry={() => void refetch()} />;
  if (data === undefined) return <LoadingRows rows={10} />;
  if (rows.length === 0) {
    return (
      <div className="list">
        <Empty title="No bookings">They come with the next sync of your CRM.</Empty>
      </div>
    );
  }
  return (
    <Endless
      rows={rows}
      keyOf={({ id }) => id}
      hasMore={hasNextPage}
      isLoadingMore={isFetchingNextPage}
      more={() => void fetchNextPage()}
      rowHeight={60}
      label="Bookings"
      head={<Head />}
    >
      {(booking) => <Row booking={booking} />}
    </Endless>
  );
}

const COLUMNS = '210px minmax(0, 1.4fr) minmax(0, 1fr) 150px';

function Head() {
  return (
    <div className="list-head" role="row" style={{ gridTemplateColumns: COLUMNS }}>
      <div role="columnheader">Starts</div>
      <div role="columnheader">Service</div>
      <div role="columnheader">With</div>
      <div role="columnheader">Status</div>
    </div>
  );
}

function Row({ booking: { startAt, service, provider, status, leadId, code } }: { booking: Booking }) {
  return (
    <div className="list-row booking-row" style={{ '--columns': COLUMNS } as React.CSSProperties}>
      <div className="cell" role="cell">
        <Time at={startAt} none="no time" />
      </div>
      <div className="cell whole" role="cell">
        <Group gap="xs" wrap="nowrap">
          {leadId === null ? (
            <Text span size="sm" fw={550} dir="auto">
              {service ?? 'Appointment'}
            </Text>
          ) : (
            <Link to="/leads/$id" params={{ id: leadId }} className="row-link" dir="auto">
              {service ?? 'Appointment'}
            </Link>
          )}
          {code !== null && (
            <Text span size="xs" c="dimmed">
              {code}
            </Text>
          )}
        </Group>
      </div>
      <div className="cell quiet" role="cell" dir="auto">
        {provider ?? '–'}
      </div>
      <div role="cell">
        <Status of={status} />
      </div>
    </div>
  );
}
