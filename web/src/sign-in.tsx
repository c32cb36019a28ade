import { Button, Center, Group, Paper, Portal, Stack, Text, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { FormEvent, ReactNode } from 'react';
import { answered, api } from './api.ts';
import { Mark } from './icons.tsx';
import { sentenceOf } from './parts/notice.tsx';
import { SecretInput } from './parts/secret-input.tsx';
import { useNothingElse } from './parts/nothing-else.ts';
import { forgetBooks, queries, session } from './queries.ts';

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
  const { signIn, ...way } = useSignIn(() => void navigate({ href: wanted, replace: true }));
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
  return (
    <Center component="main" mih="100vh" p="md">
      <SignInCard signIn={signIn} {...way}>
        Or open the link that crm-sync prints when it starts: it signs you in once. The key is not kept in
        this browser; a session of seven days takes its place.
      </SignInCard>
    </Center>
  );
}

/** Before a page whose session has ended, which stays as it is behind this: what has been typed there is not lost. */
export function SignInAgain({ isOut }: { isOut: boolean }) {
  return isOut ? (
    <Portal reuseTargetNode={false}>
      <BeforeAll />
    </Portal>
  ) : null;
}

function BeforeAll() {
  const way = useSignIn(() => void forgetBooks());
  const layer = useRef<HTMLDivElement>(null);
  useNothingElse(layer);
  return (
    <Center
      ref={layer}
      className="before-all"
      role="dialog"
      aria-modal="true"
      aria-label="Sign in to crm-sync"
      p="md"
    >
      <SignInCard {...way}>
        Your session has ended. The page you were on is as you left it, with everything you have typed.
      </SignInCard>
    </Center>
  );
}

type Way = { signIn: (proof: Proof) => Promise<void>; trouble: string | null; isBusy: boolean };

const useSignIn = (isIn: () => void): Way => {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const then = useRef(isIn);
  then.current = isIn;
  const signIn = useCallback(async (proof: Proof): Promise<void> => {
    setBusy(true);
    setTrouble(null);
    try {
      queries.setQueryData(session.queryKey, await answered(api.POST('/api/session', { body: proof })));
      then.current();
    } catch (error) {
      setTrouble(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  }, []);
  return { signIn, trouble, isBusy };
};

function SignInCard({ signIn, trouble, isBusy, children }: Way & { children: ReactNode }) {
  const [key, setKey] = useState('');
  const [lack, setLack] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const entered = key.trim();
    setLack(entered === '' ? 'Enter the API key first.' : null);
    setKey('');
    if (entered !== '' && !isBusy) void signIn({ key: entered });
  };
  return (
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
              error={lack ?? trouble}
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
          {children}
        </Text>
      </Stack>
    </Paper>
  );
}
