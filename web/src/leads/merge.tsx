import { Button, Group, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue, useDisclosure } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api.ts';
import type { Lead } from '../api.ts';
import { MergeIcon, SearchIcon } from '../icons.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Empty, Trouble } from '../parts/states.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks, leads } from '../queries.ts';

type Kept = Pick<Lead, 'id' | 'name' | 'email'>;

/** Two leads that are one person become one; the other's sources, bookings and e-mail go along. It can be undone. */
export function MergeButton({ lead }: { lead: Kept }) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<MergeIcon size={16} />} onClick={open}>
        Merge…
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title={`Who else is ${lead.name ?? 'this person'}?`}
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Choice kept={lead} close={close} />
      </Modal>
    </>
  );
}

export const mergeLeads = (id: string, leadId: string): Promise<unknown> =>
  answered(api.POST('/api/leads/{id}/merge', { params: { path: { id } }, body: { leadId } }));

function Choice({ kept, close }: { kept: Kept; close: () => void }) {
  // People who are in the books twice mostly have one name alike.
  const [text, setText] = useState(kept.name?.split(' ')[0] ?? '');
  const [chosen, setChosen] = useState<string | null>(null);
  const [search] = useDebouncedValue(text.trim(), 180);
  const notice = useNotice();
  const { data, error } = useInfiniteQuery({
    ...leads({ search, sort: 'name', status: 'active', source: null }),
    placeholderData: keepPreviousData,
  });
  const merge = useDeed({
    mutationFn: (leadId: string) => mergeLeads(kept.id, leadId),
    onSuccess: async () => {
      notice.said('Two leads are one now. You can split them again on this page.');
      close();
      await forgetBooks();
    },
  });
  const others = (data?.pages[0]?.data ?? []).filter(({ id }) => id !== kept.id).slice(0, 8);
  return (
    <Stack>
      <TextInput
        aria-label="Search the other lead"
        placeholder="Name, e-mail or phone"
        leftSection={<SearchIcon size={16} />}
        data-autofocus
        onFocus={({ currentTarget }) => currentTarget.select()}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      {(error ?? merge.error) !== null && <Trouble error={error ?? merge.error} />}
      {data !== undefined && others.length === 0 && (
        <Empty title="Nobody else like that">
          Type a part of the other’s name, e-mail address or phone number.
        </Empty>
      )}
      <Radio.Group value={chosen} onChange={setChosen} aria-label="The other lead">
        <Stack gap={6}>
          {others.map(({ id, name, email, phone }) => (
            <Radio.Card key={id} value={id} p="sm" radius="md">
              <Group wrap="nowrap" gap="sm">
                <Radio.Indicator />
                <div style={{ minWidth: 0 }}>
                  <Text size="sm" fw={550} truncate dir="auto">
                    {name ?? 'No name'}
                  </Text>
                  <Text size="sm" c="dimmed" truncate>
                    {[email, phone].filter(Boolean).join(' · ')}
                  </Text>
                </div>
              </Group>
            </Radio.Card>
          ))}
        </Stack>
      </Radio.Group>
      <Text size="sm" c="dimmed">
        {kept.name ?? 'This lead'} stays and gets the other’s sources and bookings. Nothing is lost, and it
        can be undone.
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          disabled={chosen === null}
          loading={merge.isPending}
          onClick={() => chosen !== null && merge.mutate(chosen)}
        >
          Merge
        </Button>
      </Group>
    </Stack>
  );
}
