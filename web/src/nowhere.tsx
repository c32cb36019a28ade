import { Anchor, Button, Stack, Text, Title } from '@mantine/core';

export function Nowhere() {
  return (
    <Stack align="center" justify="center" mih="60vh" gap="xs" p="md">
      <Title order={1} fz={24}>
        There is nothing here
      </Title>
      <Text c="dimmed">This address belongs to no page of the console.</Text>
      <Anchor href="/">Go to the dashboard</Anchor>
    </Stack>
  );
}

/** A page that could not be drawn: mostly because a newer crm-sync has been started since. */
export function Broken() {
  return (
    <Stack align="center" justify="center" mih="60vh" gap="xs" p="md" role="alert">
      <Title order={1} fz={24}>
        This page could not be drawn
      </Title>
      <Text c="dimmed" ta="center" maw={440}>
        crm-sync may have been updated since it was opened. Nothing is lost; load it again.
      </Text>
      <Button mt="sm" onClick={() => location.reload()}>
        Load it again
      </Button>
    </Stack>
  );
}
