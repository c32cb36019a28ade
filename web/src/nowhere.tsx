import { Button, Stack, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { Mark } from './icons.tsx';
import { LinkButton } from './link.tsx';

export function Nowhere() {
  return (
    <main>
      <Alone title="There is nothing here" action={<LinkButton to="/">Go to the dashboard</LinkButton>}>
        This address belongs to no page of the console. It may have been copied incompletely.
      </Alone>
    </main>
  );
}

/** A page that could not be drawn: mostly because a newer crm-sync has been started since. */
export function Broken() {
  return (
    <Alone
      title="This page could not be drawn"
      action={<Button onClick={() => location.reload()}>Load it again</Button>}
    >
      crm-sync may have been updated since it was opened. Nothing is lost; load it again.
    </Alone>
  );
}

function Alone({ title, action, children }: { title: string; action: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · crm-sync`;
  }, [title]);
  return (
    <Stack align="center" justify="center" mih="70vh" gap="xs" p="md" role="alert">
      <Mark size={34} />
      <Title order={1} fz={24} mt="sm" ta="center">
        {title}
      </Title>
      <Text c="dimmed" ta="center" maw={440} mb="sm">
        {children}
      </Text>
      {action}
    </Stack>
  );
}
