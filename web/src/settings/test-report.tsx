import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useRef } from 'react';
import { answered, api } from '../api.ts';
import type { CheckReport } from '../api.ts';
import { CheckIcon, CrossIcon } from '../icons.tsx';
import { Trouble } from '../parts/states.tsx';
import { useDeed } from '../parts/use-deed.ts';

/** Tries each way into the company and tells what each answered. */
export function TestButton({ id }: { id: string }) {
  const test = useDeed({
    mutationFn: () => answered(api.POST('/api/connections/{id}/test', { params: { path: { id } } })),
  });
  const [isOpen, { open, close }] = useDisclosure();
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button
        ref={button}
        variant="default"
        size="sm"
        loading={test.isPending}
        onClick={() => test.mutate(undefined, { onSettled: open })}
      >
        Test
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        // While it is tested the button cannot have the focus, so that it would not be given back.
        returnFocus={false}
        onExitTransitionEnd={() => button.current?.focus()}
        title="Test of the connection"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {test.error !== null && <Trouble error={test.error} />}
        {test.data && <Report report={test.data} />}
      </Modal>
    </>
  );
}

function Report({ report: { ok, way, checks } }: { report: CheckReport }) {
  return (
    <Stack>
      <Text fw={600}>{ok ? `Clients can be synced, by ${way}.` : 'Clients cannot be synced.'}</Text>
      <Stack gap="md" component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
        {checks.map((check) => (
          <Group key={check.tried} component="li" wrap="nowrap" align="flex-start" gap="sm">
            <Text c={check.ok ? 'teal.8' : 'red.8'} component="span" mt={2}>
              {check.ok ? <CheckIcon /> : <CrossIcon />}
            </Text>
            <div>
              <Text size="sm" fw={550}>
                {check.tried}
              </Text>
              <Text size="sm" c="dimmed">
                {check.answered}
              </Text>
              {check.advice !== null && <Text size="sm">{check.advice}</Text>}
            </div>
          </Group>
        ))}
      </Stack>
    </Stack>
  );
}
