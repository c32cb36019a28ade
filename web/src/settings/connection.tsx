import { Alert, Button, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { api, done } from '../api.ts';
import type { Connection } from '../api.ts';
import { QuarantineIcon } from '../icons.tsx';
import { useConfirm } from '../parts/confirm.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Card, Page } from '../parts/page.tsx';
import { LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { connection, forgetBooks } from '../queries.ts';
import { CredentialsButton } from './credentials.tsx';
import { Schedule } from './schedule.tsx';
import { SyncPanel } from './sync-panel.tsx';
import { Webhooks } from './webhooks.tsx';
import { TestButton } from './test-report.tsx';

const route = getRouteApi('/shell/settings/connections/$id');

export function ConnectionPage() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery(connection(id));
  if (data !== undefined) return <Known connection={data} />;
  return (
    <Page title="CRM integration">
      {error === null ? <LoadingRows /> : <Trouble error={error} retry={() => void refetch()} />}
    </Page>
  );
}

function Known({ connection }: { connection: Connection }) {
  const { id, name, status, attention } = connection;
  const isGone = status === 'disconnected';
  return (
    <Page
      title={name}
      lead={<Status of={status} />}
      width={920}
      actions={
        !isGone && (
          <>
            <TestButton id={id} />
            <CredentialsButton connection={connection} />
            <DisconnectButton connection={connection} />
          </>
        )
      }
    >
      <Stack gap="lg">
        {attention !== null && (
          <Alert color="orange" icon={<QuarantineIcon />} title="Needs attention">
            {attention.detail}
          </Alert>
        )}
        {isGone && (
          <Alert color="gray" title="This company is disconnected">
            Its credentials are forgotten. Its leads, bookings and log are still here; connect it again to go
            on.
          </Alert>
        )}
        <SyncPanel connection={connection} />
        {!isGone && <Schedule connection={connection} />}
        {!isGone && <Webhooks connection={connection} />}
        <Card title="About this connection">
          <Facts connection={connection} />
        </Card>
      </Stack>
    </Page>
  );
}

function Facts({ connection }: { connection: Connection }) {
  const { company, domain, login, timezone, country, clientsWithoutEmail, clientFields } = connection;
  return (
    <dl className="facts">
      <dt>Company</dt>
      <dd>
        {company}.{domain}
      </dd>
      <dt>Login</dt>
      <dd>{login}</dd>
      <dt>Time zone</dt>
      <dd>{timezone ?? 'as the CRM says'}</dd>
      <dt>Country</dt>
      <dd>{country ?? 'not set'}</dd>
      <dt>Clients without e-mail</dt>
      <dd>{clientsWithoutEmail === 'import' ? 'become leads without one' : 'wait in quarantine'}</dd>
      <dt>Custom fields</dt>
      <dd>{clientFields ? 'are fetched, too' : 'are not fetched'}</dd>
      <dt>Connected</dt>
      <dd>
        <Time at={connection.createdAt} />
      </dd>
      <dt>Last synced</dt>
      <dd>
        <Time at={connection.lastSyncedAt} />
      </dd>
    </dl>
  );
}

function DisconnectButton({ connection: { id, name } }: { connection: Connection }) {
  const confirm = useConfirm();
  const notice = useNotice();
  const navigate = useNavigate();
  const disconnect = useDeed({
    mutationFn: () => done(api.DELETE('/api/connections/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      notice.said(`${name} is disconnected. Its leads and its log are still here.`);
      await navigate({ to: '/settings' });
      await forgetBooks();
    },
    onError: notice.failed,
  });
  const ask = async (): Promise<void> => {
    const isSure = await confirm({
      title: `Disconnect ${name}?`,
      body: (
        <Text size="sm">
          Its credentials are forgotten and it is not synced any more. Everything that was brought here stays:
          leads, bookings, what waits in quarantine, and the whole log.
        </Text>
      ),
      action: 'Disconnect',
      isGrave: true,
    });
    if (isSure) disconnect.mutate();
  };
  return (
    <Button variant="default" size="sm" loading={disconnect.isPending} onClick={() => void ask()}>
      Disconnect…
    </Button>
  );
}
