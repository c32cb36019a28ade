import { Button, Group, Stack, Text } from '@mantine/core';
import { answered, api } from '../api.ts';
import type { LeadDetail } from '../api.ts';
import { useConfirm } from '../parts/confirm.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Card } from '../parts/page.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks } from '../queries.ts';
import { LeadName } from './lead-name.tsx';

/** The leads that were merged into this one, each with a way back. */
export function MergedLeads({ lead }: { lead: LeadDetail }) {
  const confirm = useConfirm();
  const notice = useNotice();
  const split = useDeed({
    mutationFn: (leadId: string) =>
      answered(api.POST('/api/leads/{id}/split', { params: { path: { id: lead.id } }, body: { leadId } })),
    onSuccess: async ({ name }) => {
      notice.said(`${name ?? 'The other lead'} is a lead of its own again.`);
      await forgetBooks();
    },
    onError: notice.failed,
  });
  const ask = async (leadId: string): Promise<void> => {
    const body = (
      <Text size="sm">
        <LeadName id={leadId} /> becomes a lead of its own again, with the sources and bookings that it
        brought.
      </Text>
    );
    if (await confirm({ title: 'Split this lead off again?', body, action: 'Split' })) split.mutate(leadId);
  };
  return (
    <Card title="Merged into this lead">
      <Stack gap="sm" pt={4}>
        {lead.mergedLeads.map((id) => (
          <Group key={id} justify="space-between" wrap="nowrap">
            <Text size="sm" truncate>
              <LeadName id={id} />
            </Text>
            <Button variant="default" size="xs" loading={split.isPending} onClick={() => void ask(id)}>
              Split off
            </Button>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
