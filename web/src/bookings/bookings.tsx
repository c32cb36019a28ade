import { SegmentedControl, Select, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Booking } from '../api.ts';
import { Link } from '../link.tsx';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';
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
      lead="As the CRM has them, in your time zone."
      actions={
        <>
          <Select
            aria-label="Status"
            placeholder="Any status"
            data={STATUSES}
            value={status}
            onChange={(value) => setStatus(value)}
            clearable
            className="filter"
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
  const wanted = bookings(status);
  return (
    <List
      asked={useInfiniteQuery(wanted)}
      of={wanted.queryKey}
      label="Bookings"
      columns={COLUMNS}
      keyOf={idOf}
      rowHeight={60}
      empty={
        status === null ? (
          <Empty title="No bookings">They come with the next sync of your CRM.</Empty>
        ) : (
          <Empty title="No booking like that">Choose another status, or any.</Empty>
        )
      }
    >
      {(booking) => <Row booking={booking} />}
    </List>
  );
}

const COLUMNS: readonly Column[] = [
  ['Starts', '170px'],
  ['Who', 'minmax(0, 1.3fr)'],
  ['Service', 'minmax(0, 1.3fr)'],
  ['With', 'minmax(0, 1fr)'],
  ['Status', '150px'],
];
const idOf = ({ id }: Booking): string => id;

function Row({ booking }: { booking: Booking }) {
  const { startAt, service, provider, status, leadId, leadName, code } = booking;
  return (
    <div className="list-row booking-row">
      <div className="cell" role="cell">
        <Time at={startAt} none="no time" />
      </div>
      <div className="cell" role="cell">
        {leadId === null ? (
          <span className="quiet">nobody known here</span>
        ) : (
          <Link to="/leads/$id" params={{ id: leadId }} className="row-link" dir="auto">
            {leadName ?? 'No name'}
          </Link>
        )}
      </div>
      <div className="cell whole" role="cell">
        <bdi>{service ?? 'Booking'}</bdi>
        {provider !== null && <bdi className="quiet narrow-only">{` · ${provider}`}</bdi>}
        {code !== null && (
          <Text span size="xs" c="dimmed" ml={8}>
            {code}
          </Text>
        )}
      </div>
      <div className="cell quiet wide-only" role="cell" dir="auto">
        {provider ?? '–'}
      </div>
      <div className="booking-status" role="cell">
        <Status of={status} />
      </div>
    </div>
  );
}
