import { Anchor, Stack, Text, Title } from '@mantine/core';

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
