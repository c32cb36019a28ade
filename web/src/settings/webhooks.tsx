import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answered, api, done } from '../api.ts';
import type { Connection, WebhookAddress, WebhooksState } from '../api.ts';
import { Answer } from '../parts/answer.tsx';
import { useConfirm } from '../parts/confirm.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Card } from '../parts/page.tsx';
import { Trouble } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { counted } from '../parts/words.ts';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks, webhooks as webhooksOf } from '../queries.ts';

/** Whether the CRM tells of changes at once. The address is shown once; who knows it may tell. */
export function Webhooks({ connection: { id } }: { connection: Connection }) {
  const asked = useQuery(webhooksOf(id));
  const confirm = useConfirm();
  const notice = useNotice();
  const register = useDeed({
    mutationFn: () => answered(api.POST('/api/connections/{id}/webhooks', { params: { path: { id } } })),
    onSuccess: forgetBooks,
  });
  const remove = useDeed({
    mutationFn: () => done(api.DELETE('/api/connections/{id}/webhooks', { params: { path: { id } } })),
    onSuccess: async () => {
      register.reset();
      notice.said('Webhooks are off. Changes come with the next sync.');
      await forgetBooks();
    },
    onError: notice.failed,
  });
  const turnOff = async (): Promise<void> => {
    const body = (
      <Text size="sm">
        Their address stops working at once, and SimplyBook.me is told to forget it. Changes come with each
        sync, as before.
      </Text>
    );
    if (await confirm({ title: 'Turn webhooks off?', body, action: 'Turn off' })) remove.mutate();
  };
  const isOn = asked.data?.on === true;
  return (
    <Card
      title="Changes at once"
      aside={
        asked.data !== undefined && (
          <Group gap="xs">
            <Button
              variant="default"
              size="xs"
              loading={register.isPending}
              onClick={() => register.mutate()}
            >
              {isOn ? 'New address' : 'Turn on'}
            </Button>
            {isOn && (
              <Button variant="default" size="xs" loading={remove.isPending} onClick={() => void turnOff()}>
                Turn off…
              </Button>
            )}
          </Group>
        )
      }
    >
      <Stack gap="sm" pt={4}>
        {register.error !== null && <Trouble error={register.error} />}
        <Answer asked={asked} loading={1}>
          {(webhooks) => <State webhooks={webhooks} />}
        </Answer>
        {register.data !== undefined && <Address address={register.data} />}
      </Stack>
    </Card>
  );
}

function State({
  webhooks: { on, registered, lastDeliveryAt, waiting, changes },
}: {
  webhooks: WebhooksState;
}) {
  if (!on) {
    return (
      <Text size="sm" c="dimmed">
        SimplyBook.me can tell of each change when it happens, by webhooks. A sync still looks at everything.
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed" component="div">
      {registered ? 'SimplyBook.me tells of changes' : 'The address has to be entered in SimplyBook.me'} ·
      last told <Time at={lastDeliveryAt} as="relative" />
      {waiting > 0 && ` · ${counted(waiting, 'record')} being looked at`}
      {changes !== null &&
        ` · ${counted(changes.byWebhook, 'change')} came at once, ${counted(changes.bySync, 'other')} by a sync`}
    </Text>
  );
}

function Address({ address: { url, how } }: { address: WebhookAddress }) {
  return (
    <>
      <Group gap="xs" wrap="nowrap">
        <Code style={{ overflowWrap: 'anywhere' }}>{url}</Code>
        <CopyButton value={url}>
          {({ copied, copy }) => (
            <Button variant="default" size="xs" onClick={copy} style={{ flexShrink: 0 }}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Text size="sm">{how ?? 'SimplyBook.me uses this address already. It is not shown again.'}</Text>
    </>
  );
}
