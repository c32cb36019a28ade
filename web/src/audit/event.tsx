import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { LogEvent } from '../api.ts';
import { LeftIcon, RightIcon } from '../icons.tsx';
import { Link, LinkButton } from '../link.tsx';
import { Answer } from '../parts/answer.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { actorOf, number } from '../parts/words.ts';
import { event } from '../queries.ts';

const route = getRouteApi('/shell/audit/$position');

export function EventPage() {
  const position = Number(route.useParams().position);
  const asked = useQuery(event(position));
  const { data } = asked;
  return (
    <Page
      title={data?.type ?? 'Event'}
      lead={
        data !== undefined && (
          <>
            Event {number(data.position)}, recorded <Time at={data.recordedAt} as="seconds" />
          </>
        )
      }
      width={920}
      actions={
        <>
          <Step to={position - 1} icon={<LeftIcon size={16} />} label="Earlier" disabled={!(position > 1)} />
          <Step
            to={position + 1}
            icon={<RightIcon size={16} />}
            isAfter
            label="Later"
            disabled={data === undefined}
          />
        </>
      }
    >
      <Answer asked={asked}>{(event) => <Known event={event} />}</Answer>
    </Page>
  );
}

type StepProps = { to: number; icon: ReactNode; isAfter?: boolean; label: string; disabled: boolean };

function Step({ to, icon, isAfter = false, label, disabled }: StepProps) {
  return (
    <LinkButton
      to="/audit/$position"
      params={{ position: String(to) }}
      variant="default"
      size="sm"
      {...(isAfter ? { rightSection: icon } : { leftSection: icon })}
      disabled={disabled}
    >
      {label}
    </LinkButton>
  );
}

function Known({ event }: { event: LogEvent }) {
  const { meta, stream, version, hash, data, personal, erased } = event;
  return (
    <Stack gap="lg">
      <Card title="What happened">
        <Json label="Data of the event" value={data} />
      </Card>
      {(personal !== null || erased) && (
        <Card title="What it says about the person">
          {erased ? (
            <Text size="sm" c="dimmed">
              The person has been erased: these values cannot be read any more.
            </Text>
          ) : (
            <Json label="Personal values" value={personal} />
          )}
        </Card>
      )}
      <Card title="Where it comes from">
        <dl className="facts">
          <dt>Stream</dt>
          <dd>
            <Group gap="xs">
              {stream} <span className="quiet">version {version}</span>
            </Group>
            <Group gap="md">
              <Subject stream={stream} />
              <Link to="/audit" search={{ stream }} size="sm">
                All of this stream
              </Link>
            </Group>
          </dd>
          <dt>By</dt>
          <dd>
            {actorOf(meta.actor)} <span className="quiet">{meta.actor}</span>
          </dd>
          {meta.runId !== undefined && (
            <>
              <dt>Run</dt>
              <dd>
                <Link to="/runs/$id" params={{ id: meta.runId }} size="sm">
                  {meta.runId}
                </Link>
              </dd>
            </>
          )}
          <dt>Correlation</dt>
          <dd>{meta.correlationId}</dd>
          {meta.causationId !== null && (
            <>
              <dt>Caused by</dt>
              <dd>{meta.causationId}</dd>
            </>
          )}
          <dt>Hash</dt>
          <dd className="numbers" style={{ wordBreak: 'break-all' }}>
            {hash}
          </dd>
        </dl>
      </Card>
    </Stack>
  );
}

/** The page of what the stream is about, where there is one. */
function Subject({ stream }: { stream: string }) {
  const [, kind, id] = /^(lead|connection)-([0-9a-f-]{36})$/.exec(stream) ?? [];
  if (id === undefined) return null;
  return kind === 'lead' ? (
    <Link to="/leads/$id" params={{ id }} size="sm">
      Go to the lead
    </Link>
  ) : (
    <Link to="/settings/connections/$id" params={{ id }} size="sm">
      Go to the connection
    </Link>
  );
}

function Json({ value, label }: { value: unknown; label: string }) {
  return (
    <pre className="record" tabIndex={0} aria-label={label} role="region" dir="ltr">
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
