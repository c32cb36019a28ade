import { Alert, Button, Stack, Text } from '@mantine/core';
import { answered, api } from '../api.ts';
import type { Run } from '../api.ts';
import { QuarantineIcon } from '../icons.tsx';
import { useConfirm } from '../parts/confirm.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { actorOf, counted } from '../parts/words.ts';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks } from '../queries.ts';

type Held = NonNullable<Run['heldDeletions']>;

/** Clients whom the CRM does not list any more, too many at once to be believed without being asked. */
export function HeldDeletions({ runId, held }: { runId: string; held: Held }) {
  const confirm = useConfirm();
  const notice = useNotice();
  const approve = useDeed({
    mutationFn: () => {
      const path = { params: { path: { id: runId } }, headers: { Prefer: 'respond-async' } };
      return answered(api.POST('/api/runs/{id}/approve-deletions', path));
    },
    onSuccess: async () => {
      notice.said('Approved: the company is synced at once, and who is not listed then either is gone.');
      await forgetBooks();
    },
    onError: notice.failed,
  });
  const leads = counted(held.count, 'lead');
  const ask = async (): Promise<void> => {
    const body = (
      <Text size="sm">
        The company is synced once more. Who is not listed then either is marked as gone; nothing is deleted
        here, and whoever comes back in the CRM comes back here.
      </Text>
    );
    if (await confirm({ title: `Let ${leads} go?`, body, action: 'Let them go', isGrave: true }))
      approve.mutate();
  };
  return (
    <Alert
      color={held.approved ? 'gray' : 'orange'}
      icon={<QuarantineIcon />}
      title={held.approved ? `${leads} may go` : `${leads} would be gone`}
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{held.reason}</Text>
        {!held.approved && (
          <Text size="sm">
            Nobody was marked as gone. If they are still in the CRM, do nothing: the next sync finds them
            again. If they really are gone, approve it.
          </Text>
        )}
        {held.approved ? (
          <Text size="sm" c="dimmed" component="div">
            Approved by {actorOf(held.approvedBy ?? '')}, <Time at={held.approvedAt} />
          </Text>
        ) : (
          <Button variant="default" size="xs" loading={approve.isPending} onClick={() => void ask()}>
            They are gone: approve…
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
