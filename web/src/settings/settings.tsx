import { Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Connection } from '../api.ts';
import { PlusIcon } from '../icons.tsx';
import { Link, LinkButton } from '../link.tsx';
import { Answer } from '../parts/answer.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { connections } from '../queries.ts';

export function Settings() {
  return (
    <Page
      title="CRM integration"
      lead="The companies whose clients and bookings are brought here."
      actions={
        <LinkButton to="/settings/connect" leftSection={<PlusIcon size={16} />}>
          Connect CRM
        </LinkButton>
      }
    >
      <Answer asked={useQuery(connections)}>
        {(all) => (all.length === 0 ? <NoConnection /> : <ConnectionCards connections={all} />)}
      </Answer>
    </Page>
  );
}

function NoConnection() {
  return (
    <Card>
      <Empty title="No CRM is connected yet">
        <Stack align="center" gap="md" pt={4}>
          Connect your SimplyBook.me company: its clients become leads, and every change is kept.
          <LinkButton to="/settings/connect">Connect CRM</LinkButton>
        </Stack>
      </Empty>
    </Card>
  );
}

function ConnectionCards({ connections }: { connections: readonly Connection[] }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      {connections.map((connection) => (
        <ConnectionCard key={connection.id} connection={connection} />
      ))}
    </SimpleGrid>
  );
}

function ConnectionCard({ connection }: { connection: Connection }) {
  const { id, name, company, domain, status, attention, lastSyncedAt, nextSyncAt } = connection;
  return (
    <Card>
      <Stack gap="sm" pos="relative" pt="xs">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Link to="/settings/connections/$id" params={{ id }} className="row-link" fz="md">
              {name}
            </Link>
            <Text size="sm" c="dimmed" truncate>
              {company}.{domain}
            </Text>
          </div>
          <Status of={status} />
        </Group>
        {attention !== null && <Text size="sm">{attention.detail}</Text>}
        <Text size="sm" c="dimmed" component="div">
          Last synced <Time at={lastSyncedAt} as="relative" />
          {status !== 'disconnected' && (
            <>
              {' · next '}
              <Time at={nextSyncAt} as="relative" none="on demand" />
            </>
          )}
        </Text>
      </Stack>
    </Card>
  );
}
