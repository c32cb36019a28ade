import { Button, Drawer, Group, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api, fieldErrors } from '../api.ts';
import type { Waiting } from '../api.ts';
import { Link } from '../link.tsx';
import { Form } from '../parts/form.tsx';
import { useNotice } from '../parts/notice.tsx';
import { LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { reasonOf } from '../parts/words.ts';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks, waiting } from '../queries.ts';
import { TwoLeads } from './two-leads.tsx';

/** What to do, on this page; the service's own advice is for programs, too. */
const ADVICE: Record<string, string> = {
  'email.missing': 'Enter an e-mail address here, or in the CRM and sync again.',
  'email.invalid': 'Enter the right e-mail address here, or in the CRM and sync again.',
  'email.taken':
    'If both leads are one person, merge them. If not, enter another address here, give one of them another in the CRM, or dismiss the record: its lead then stays as it is.',
  'name.missing': 'Enter a name here, or in the CRM and sync again.',
  'booking.time.impossible':
    'Mend the booking in the CRM: the next sync takes it. Or try it again when the company has another time zone by now, or dismiss it.',
};

const DISMISSED = 'It waits no longer. Should the CRM change it, it is looked at again.';

export function RecordDrawer({ id, close }: { id: string | null; close: () => void }) {
  return (
    <Drawer
      opened={id !== null}
      onClose={close}
      position="right"
      size="lg"
      title="Record in quarantine"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {id !== null && <RecordById key={id} id={id} close={close} />}
    </Drawer>
  );
}

function RecordById({ id, close }: { id: string; close: () => void }) {
  const { data, error, refetch } = useQuery(waiting(id));
  if (data !== undefined) return <Known record={data} close={close} />;
  return error === null ? <LoadingRows /> : <Trouble error={error} retry={() => void refetch()} />;
}

function Known({ record, close }: { record: Waiting; close: () => void }) {
  const { id, kind, externalId, status, code, detail, advice, firstSeenAt, lastSeenAt, attempts } = record;
  return (
    <Stack gap="lg">
      <div>
        <Group gap="xs" mb={4}>
          <Text fw={600} fz="lg">
            {kind === 'client' ? 'Client' : 'Booking'} {externalId}
          </Text>
          <Status of={status} />
        </Group>
        <Text dir="auto">{detail}</Text>
        <Text size="sm" c="dimmed" mt={6}>
          {status === 'dismissed' ? DISMISSED : (ADVICE[code] ?? advice)}
        </Text>
      </div>
      {code === 'email.taken' && record.leads.length === 2 && (
        <TwoLeads id={id} leads={record.leads} close={close} />
      )}
      {status === 'waiting' && <Repair record={record} close={close} />}
      <div>
        <Text size="sm" fw={600} mb={6}>
          As it was received
        </Text>
        <pre className="record" tabIndex={0} aria-label="The record as it was received" dir="ltr">
          {JSON.stringify(record.record, null, 2)}
        </pre>
      </div>
      <dl className="facts">
        <dt>Reason</dt>
        <dd>{reasonOf(code)}</dd>
        <dt>First seen</dt>
        <dd>
          <Time at={firstSeenAt} />
        </dd>
        <dt>Last seen</dt>
        <dd>
          <Time at={lastSeenAt} />
        </dd>
        <dt>Attempts</dt>
        <dd>{attempts}</dd>
        <dt>Connection</dt>
        <dd>
          <Link to="/settings/connections/$id" params={{ id: record.connectionId }} size="sm">
            open it
          </Link>
        </dd>
      </dl>
    </Stack>
  );
}

type Field = 'name' | 'email' | 'phone';
const FIELDS: { name: Field; label: string }[] = [
  { name: 'email', label: 'E-mail' },
  { name: 'name', label: 'Name' },
  { name: 'phone', label: 'Phone' },
];

/** What the CRM says, to be seen where something else can be entered. */
const saidIn = ({ record }: Waiting, field: Field): string => {
  const said = (record as Record<string, unknown> | null)?.[field];
  return typeof said === 'string' || typeof said === 'number' ? String(said) : '';
};

/** What is right instead of what the CRM says, and another try; or "never mind". */
function Repair({ record, close }: { record: Waiting; close: () => void }) {
  const { id, kind, code } = record;
  const [fix, setFix] = useState<Record<Field, string>>({ name: '', email: '', phone: '' });
  const notice = useNotice();
  const replay = useDeed({
    mutationFn: () =>
      answered(api.POST('/api/quarantine/{id}/replay', { params: { path: { id } }, body: bodyOf(fix) })),
    onSuccess: async () => {
      notice.said(kind === 'client' ? 'The client has been taken.' : 'The booking has been taken.');
      close();
      await forgetBooks();
    },
  });
  const dismiss = useDeed({
    mutationFn: () => answered(api.POST('/api/quarantine/{id}/dismiss', { params: { path: { id } } })),
    onSuccess: async () => {
      notice.said('Dismissed: it waits no longer, unless the CRM changes it.');
      close();
      await forgetBooks();
    },
  });
  const problems = fieldErrors(replay.error);
  const trouble = dismiss.error ?? (Object.keys(problems).some(isField) ? null : replay.error);
  const canFix = kind === 'client' && code !== 'record.unreadable';
  return (
    <Form submit={() => replay.mutate()} problems={problems}>
      <Stack gap="sm">
        {canFix && (
          <div>
            <Text size="sm" fw={600}>
              Put it right
            </Text>
            <Text size="sm" c="dimmed">
              What you leave blank stays as the CRM has it.
            </Text>
          </div>
        )}
        {trouble !== null && <Trouble error={trouble} />}
        {canFix &&
          FIELDS.map(({ name, label }) => (
            <TextInput
              key={name}
              label={label}
              placeholder={saidIn(record, name) || 'nothing in the CRM'}
              autoFocus={code.startsWith(name)}
              autoComplete="off"
              value={fix[name]}
              error={problems[name]}
              onChange={({ currentTarget: { value } }) => {
                setFix((fix) => ({ ...fix, [name]: value }));
                if (replay.isError) replay.reset();
              }}
            />
          ))}
        <Group gap="xs" mt={4}>
          <Button type="submit" loading={replay.isPending}>
            {canFix ? 'Fix and take' : 'Try again'}
          </Button>
          <Button variant="default" loading={dismiss.isPending} onClick={() => dismiss.mutate()}>
            Dismiss
          </Button>
        </Group>
      </Stack>
    </Form>
  );
}

const isField = (name: string): boolean => FIELDS.some((field) => field.name === name);

const bodyOf = (fix: Record<Field, string>) => {
  const said = Object.entries(fix).filter(([, value]) => value.trim() !== '');
  return said.length === 0 ? {} : { fix: Object.fromEntries(said) };
};
