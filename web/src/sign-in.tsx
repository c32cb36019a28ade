import { Button, Center, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import type { FormEvent } from 'react';
import { answered, api } from './api.ts';
import { Mark } from './icons.tsx';
import { sentenceOf } from './parts/notice.tsx';
import { SecretInput } from './parts/secret-input.tsx';
import { queries, session } from './queries.ts';

type Proof = { key: string } | { code: string };

/** The code of a one-time link stands after "#". It is taken out of the address at once, and out of the history. */
const takeCode = (): string | null => {
  const code = location.hash.slice(1);
  if (code === '') return null;
  history.replaceState(null, '', '/sign-in');
  return code;
};
/** Taken as soon as this is loaded: whatever reads the address later finds nothing there. */
let linkCode = takeCode();

/** Where whoever was sent here wanted to be. */
let wanted = '/';
export const signInBefore = (path: string): void => {
  wanted = path;
};

export function SignIn() {
  const navigate = useNavigate();
  const [key, setKey] = useState('');
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const signIn = useCallback(
    async (proof: Proof): Promise<void> => {
      setBusy(true);
      setTrouble(null);
      try {
        queries.setQueryData(session.queryKey, await answered(api.POST('/api/session', { body: proof })));
        await navigate({ href: wanted, replace: true });
      } catch (error) {
        setTrouble(sentenceOf(error));
      } finally {
        setKey('');
        setBusy(false);
      }
    },
    [navigate],
  );
  useEffect(() => {
    document.title = 'Sign in · crm-sync';
    const useCode = (code: string | null): void => {
      linkCode = null;
      if (code !== null) void signIn({ code });
    };
    // A link that is opened where this page is already shown changes nothing but what stands after "#".
    const onHash = (): void => useCode(takeCode());
    useCode(linkCode);
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, [signIn]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (key.trim() === '') setTrouble('Enter the API key first.');
    else void signIn({ key: key.trim() });
  };

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper className="card" p={{ base: 'lg', xs: 36 }} w="100%" maw={440}>
        <Stack gap="lg">
          <Group gap="sm">
            <Mark size={34} />
            <Title order={1} fz={22}>
              Sign in to crm-sync
            </Title>
          </Group>
          <form onSubmit={submit}>
            <Stack>
              <SecretInput
                label="API key"
                description="Printed when crm-sync first started, and kept in its data directory as “api-key”."
                autoFocus
                error={trouble}
                errorProps={{ role: 'alert' }}
                value={key}
                change={setKey}
                visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
              />
              <Button type="submit" loading={isBusy} fullWidth>
                Sign in
              </Button>
            </Stack>
          </form>
          <Text size="sm" c="dimmed">
            Or open the link that crm-sync prints when it starts: it signs you in once. The key is not kept in
            this browser; a session of seven days takes its place.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
