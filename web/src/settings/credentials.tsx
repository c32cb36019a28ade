import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { answered, api } from '../api.ts';
import type { Connection } from '../api.ts';
import { Form } from '../parts/form.tsx';
import { useNotice } from '../parts/notice.tsx';
import { SecretInput } from '../parts/secret-input.tsx';
import { Trouble } from '../parts/states.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks } from '../queries.ts';
import { credentialProblems } from './problems.ts';

/** Fields of this form; a problem with another one stands above it. */
const SHOWN = new Set(['login', 'secret', 'totpSecret']);

export function CredentialsButton({ connection }: { connection: Connection }) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" size="sm" onClick={open}>
        Replace credentials
      </Button>
      <Modal
        opened={isOpen}
        onClose={close}
        title="Replace credentials"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <CredentialsForm connection={connection} close={close} />
      </Modal>
    </>
  );
}

function CredentialsForm({ connection, close }: { connection: Connection; close: () => void }) {
  const [login, setLogin] = useState(connection.login);
  const [secret, setSecret] = useState('');
  const [totpSecret, setTotpSecret] = useState('');
  const notice = useNotice();
  const replace = useDeed({
    mutationFn: () =>
      answered(
        api.PUT('/api/connections/{id}/credentials', {
          params: { path: { id: connection.id } },
          body: { login, secret, ...(totpSecret !== '' && { totpSecret }) },
        }),
      ),
    onSuccess: async () => {
      notice.said('The new credentials work and are in use.');
      // A dialog fades; what was entered is gone at once.
      setSecret('');
      setTotpSecret('');
      close();
      await forgetBooks();
    },
  });
  const problems = credentialProblems(replace.error);
  /** What was wrong is no more said of what stands there now. */
  const entered = (set: (value: string) => void) => (value: string) => {
    set(value);
    if (replace.isError) replace.reset();
  };
  return (
    <Form submit={() => replace.mutate()} problems={problems}>
      <Stack>
        <Text size="sm" c="dimmed">
          They are tried first; wrong ones change nothing.
        </Text>
        {replace.error !== null && !Object.keys(problems).some((name) => SHOWN.has(name)) && (
          <Trouble error={replace.error} />
        )}
        <TextInput
          label="Login"
          value={login}
          error={problems['login']}
          onChange={({ currentTarget }) => entered(setLogin)(currentTarget.value)}
        />
        <SecretInput
          label="Password or API User Key"
          data-autofocus
          value={secret}
          error={problems['secret']}
          change={entered(setSecret)}
        />
        <SecretInput
          label="Secret of the authenticator app"
          description="Left blank: the one in use stays"
          value={totpSecret}
          error={problems['totpSecret']}
          change={entered(setTotpSecret)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={replace.isPending} disabled={secret === ''}>
            Replace
          </Button>
        </Group>
      </Stack>
    </Form>
  );
}
