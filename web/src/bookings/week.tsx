import { ActionIcon, Button, Group, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link as RouterLink } from '@tanstack/react-router';
import { useState } from 'react';
import type { Booking } from '../api.ts';
import { LeftIcon, RightIcon } from '../icons.tsx';
import { LoadingRows, Trouble } from '../parts/states.tsx';
import { plain } from '../parts/words.ts';
import { bookingsBetween } from '../queries.ts';
import type { BookingStatus } from '../queries.ts';

const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const SPAN = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' });

const TONES: Record<BookingStatus, string> = {
  confirmed: 'var(--mantine-color-sea-6)',
  confirmed_pending: 'var(--mantine-color-yellow-6)',
  pending: 'var(--mantine-color-yellow-6)',
  canceled: 'var(--mantine-color-gray-5)',
};

/** Midnight, in the viewer's zone, so many days after another. Days are not all 24 hours long. */
const plusDays = (day: Date, days: number): Date =>
  new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);

const mondayOf = (day: Date): Date => plusDays(day, -((day.getDay() + 6) % 7));

export function Week({ status }: { status: BookingStatus | null }) {
  const [monday, setMonday] = useState(() => mondayOf(new Date()));
  const end = plusDays(monday, 7);
  const { data, error, refetch } = useQuery(bookingsBetween(monday.toISOString(), end.toISOString()));
  const shown = (data ?? []).filter((booking) => status === null || booking.status === status);
  return (
    <>
      <Group justify="space-between" mb="md">
        <Text fw={600} component="h2" fz="md" m={0} aria-live="polite">
          {SPAN.formatRange(monday, plusDays(monday, 6))}
        </Text>
        <Group gap="xs">
          <Button variant="default" size="xs" onClick={() => setMonday(mondayOf(new Date()))}>
            This week
          </Button>
          <ActionIcon
            variant="default"
            aria-label="The week before"
            onClick={() => setMonday(plusDays(monday, -7))}
          >
            <LeftIcon />
          </ActionIcon>
          <ActionIcon
            variant="default"
            aria-label="The week after"
            onClick={() => setMonday(plusDays(monday, 7))}
          >
            <RightIcon />
          </ActionIcon>
        </Group>
      </Group>
      {error !== null && <Trouble error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <LoadingRows rows={8} />}
      {data !== undefined && data.length === 0 && (
        <Text size="sm" c="dimmed" mb="md">
          Nothing is booked in this week. Bookings come with each sync of your CRM.
        </Text>
      )}
      {data !== undefined && (
        <div className="week">
          {Array.from({ length: 7 }, (_, index) => (
            <Day key={index} day={plusDays(monday, index)} bookings={shown} />
          ))}
        </div>
      )}
    </>
  );
}

function Day({ day, bookings }: { day: Date; bookings: readonly Booking[] }) {
  const next = plusDays(day, 1);
  const own = bookings
    .filter(({ startAt }) => startAt !== null && new Date(startAt) >= day && new Date(startAt) < next)
    .toSorted((one, other) => Date.parse(one.startAt ?? '') - Date.parse(other.startAt ?? ''));
  const isToday = plusDays(new Date(), 0).getTime() === day.getTime();
  return (
    <section className="day" data-today={isToday || undefined} aria-label={DAY.format(day)}>
      <Text size="sm" fw={isToday ? 700 : 550} c={isToday ? undefined : 'dimmed'}>
        {DAY.format(day)}
      </Text>
      {own.length === 0 && (
        <Text size="xs" c="dimmed" mt={6}>
          Free
        </Text>
      )}
      {own.map((booking) => (
        <Appointment key={booking.id} booking={booking} />
      ))}
    </section>
  );
}

function Appointment({
  booking: { leadId, leadName, startAt, endAt, service, provider, status },
}: {
  booking: Booking;
}) {
  const start = new Date(startAt ?? 0);
  const end = endAt === null ? null : new Date(endAt);
  const text = (
    <>
      <span className="numbers">
        {CLOCK.format(start)}
        {end !== null && `–${CLOCK.format(end)}`}
      </span>
      <strong className={status === 'canceled' ? 'canceled' : undefined}>
        <bdi>{leadName ?? service ?? 'Booking'}</bdi>
      </strong>
      {leadName !== null && service !== null && <bdi>{service}</bdi>}
      {provider !== null && <bdi>{provider}</bdi>}
    </>
  );
  const look = { className: 'appointment', style: { '--tone': TONES[status] } as React.CSSProperties };
  return (
    <Tooltip label={`${plain(status)} · ${start.toISOString().slice(0, 16).replace('T', ' ')} UTC`} withArrow>
      {leadId === null ? (
        <div {...look}>{text}</div>
      ) : (
        <RouterLink to="/leads/$id" params={{ id: leadId }} {...look}>
          {text}
        </RouterLink>
      )}
    </Tooltip>
  );
}
