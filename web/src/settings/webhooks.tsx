import { Button, Code, CopyButton, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { answered, api } from '../api.ts';
import type { Connection } from '../api.ts';
import { Card } from '../parts/page.tsx';
import { Trouble } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { forgetBooks, webhooks as webhooksOf } from '../queries.ts';

/** Whether the CRM tells of changes at once. The address is shown once; who knows it may tell. */
export function Webhooks({ connection: { id } }: { connection: Connection }) {
  const { data: webhooks = null } = useQuery(webhooksOf(id));
  const register = useMutation({
    mutationFn: () => answered(api.POST('/api/connections/{id}/webhooks', { params: { path: { id } } })),
    onSuccess: forgetBooks,
  });
  const address = register.data;
  return (
    <Card
      title="Changes at once"
      aside={
        <Button variant="default" size="xs" loading={register.isPending} onClick={() => register.mutate()}>
          {webhooks === null ? 'Turn on' : 'New address'}
        </Button>
      }
    >
      <Stack gap="sm" pt={4}>
        {register.error !== null && <Trouble error={register.error} />}
        <Text size="sm" c="dimmed" component="div">
          {webhooks === null ? (
            'SimplyBook.me can tell of each change when it happens, by webhooks. A sync still looks at everything.'
          ) : (
            <>
              {webhooks.registered
                ? 'SimplyBook.me tells of changes'
                : 'The address has to be entered in SimplyBook.me'}{' '}
              · last told <Time at={webhooks.lastDeliveryAt} as="relative" />
            </>
          )}
        </Text>
        {address !== undefined && (
          <>
            <Group gap="xs" wrap="nowrap">
              <Code style={{ overflowWrap: 'anywhere' }}>{address.url}</Code>
              <CopyButton value={address.url}>
                {({ copied, copy }) => (
                  <Button variant="default" size="xs" onClick={copy} style={{ flexShrink: 0 }}>
                    {copied ? 'Copied' : 'Copy'}
                  </Button>
                )}
              </CopyButton>
            </Group>
            <Text size="sm">
              {address.how ?? 'SimplyBook.me uses this address already. It is not shown again.'}
            </Text>
          </>
        )}
      </Stack>
    </Card>
  );
}
