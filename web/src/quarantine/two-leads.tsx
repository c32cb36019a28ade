import { Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../api.ts';
import { MergeIcon } from '../icons.tsx';
import { mergeLeads } from '../leads/merge.tsx';
import { Link } from '../link.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Trouble } from '../parts/states.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks, lead } from '../queries.ts';

type Props = { id: string; leads: readonly string[]; close: () => void };

/** Two leads that want one e-mail: are they one person? */
export function TwoLeads({ id, leads: [own = '', other = ''], close }: Props) {
  const notice = useNotice();
  const merge = useDeed({
    mutationFn: async () => {
      await mergeLeads(own, other);
      await answered(api.POST('/api/quarantine/{id}/replay', { params: { path: { id } }, body: {} }));
    },
    onSuccess: async () => {
      notice.said('The two leads are one now, and the client has been taken.');
      close();
      await forgetBooks();
    },
  });
  return (
    <Stack gap="sm">
      <Text size="sm" fw={600}>
        Are these the same person?
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <OneLead id={own} role="The client’s own lead" />
        <OneLead id={other} role="Has the address now" />
      </SimpleGrid>
      {merge.error !== null && <Trouble error={merge.error} />}
      <Button
        variant="light"
        leftSection={<MergeIcon size={16} />}
        loading={merge.isPending}
        onClick={() => merge.mutate()}
        style={{ alignSelf: 'flex-start' }}
      >
        Merge them and take the client
      </Button>
    </Stack>
  );
}

function OneLead({ id, role }: { id: string; role: string }) {
  const { data } = useQuery(lead(id));
  return (
    <div className="record" style={{ fontFamily: 'inherit', fontSize: 13.5 }}>
      <Text size="xs" c="dimmed">
        {role}
      </Text>
      <Link to="/leads/$id" params={{ id }} size="sm" fw={550} dir="auto">
        {data?.name ?? `Lead ${id.slice(0, 8)}`}
      </Link>
      <Text size="sm">{data?.email ?? '–'}</Text>
      <Text size="sm">{data?.phoneE164 ?? data?.phone ?? '–'}</Text>
    </div>
  );
}
