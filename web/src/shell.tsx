import {
  ActionIcon,
  Alert,
  AppShell,
  Badge,
  Burger,
  Group,
  NavLink,
  Stack,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useNetwork } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Outlet, createLink, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Refused, api, done } from './api.ts';
import {
  AuditIcon,
  BookingsIcon,
  DashboardIcon,
  LeadsIcon,
  Mark,
  MoonIcon,
  OfflineIcon,
  QuarantineIcon,
  RunsIcon,
  SettingsIcon,
  SignOutIcon,
  SunIcon,
} from './icons.tsx';
import { askUntilUp, useIsUp } from './line.ts';
import { useNotice } from './parts/notice.tsx';
import { Trouble } from './parts/states.tsx';
import { number } from './parts/words.ts';
import { forgetBooks, queries, session, summary } from './queries.ts';
import { SignInAgain, signInBefore } from './sign-in.tsx';
import { useFocusOnPage, useNews, useSignedOut } from './watch.ts';

const RouterNavLink = createLink(NavLink<'a'>);

const PAGES = [
  { to: '/', label: 'Dashboard', icon: <DashboardIcon /> },
  { to: '/leads', label: 'Leads', icon: <LeadsIcon /> },
  { to: '/bookings', label: 'Bookings', icon: <BookingsIcon /> },
  { to: '/quarantine', label: 'Quarantine', icon: <QuarantineIcon /> },
  { to: '/runs', label: 'Runs', icon: <RunsIcon /> },
  { to: '/audit', label: 'Audit', icon: <AuditIcon /> },
  { to: '/settings', label: 'Settings', icon: <SettingsIcon /> },
] as const;

/** What stands around every page once somebody has signed in. */
export function Shell() {
  const [isOpen, { toggle, close }] = useDisclosure();
  const { data, error, refetch } = useQuery(session);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const isOut = error instanceof Refused && error.status === 401;
  useSignedOut(isOut && data === undefined);
  useNews();
  useFocusOnPage(path);
  useEffect(() => {
    close();
  }, [path, close]);
  if (data === undefined) {
    if (error === null || isOut) return null;
    return (
      <Stack maw={520} mx="auto" mt="15vh" p="md">
        <Trouble error={error} retry={() => void refetch()} />
      </Stack>
    );
  }
  return (
    <AppShell
      header={{ height: 56, collapsed: false }}
      navbar={{ width: 224, breakpoint: 'md', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', sm: 'xl' }}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
              aria-expanded={isOpen}
            />
            <Mark />
            <Text fw={650} fz={16}>
              crm-sync
            </Text>
          </Group>
          <Group gap={4} wrap="nowrap">
            <SchemeButton />
            <SignOutButton />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Pages">
        <Stack gap={3}>
          {PAGES.map(({ to, label, icon }) => (
            <RouterNavLink
              key={to}
              to={to}
              className="nav-link"
              label={label}
              leftSection={icon}
              rightSection={to === '/quarantine' ? <WaitingCount /> : undefined}
              active={to === '/' ? path === '/' : path.startsWith(to)}
              aria-current={(to === '/' ? path === '/' : path.startsWith(to)) ? 'page' : undefined}
            />
          ))}
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} style={{ outline: 'none' }}>
        <Line />
        <Outlet />
      </AppShell.Main>
      <SignInAgain isOut={isOut} />
    </AppShell>
  );
}

/** Says when there is no line to the service, tries on, and brings everything up to date when there is one again. */
function Line() {
  const { online } = useNetwork();
  const isUp = useIsUp();
  useEffect(() => {
    if (isUp) return;
    const stop = askUntilUp();
    return () => {
      stop();
      void queries.invalidateQueries({ queryKey: session.queryKey });
      void forgetBooks();
    };
  }, [isUp]);
  if (isUp && online) return null;
  return (
    <Alert
      className="note line"
      color="orange"
      mb="lg"
      role="alert"
      icon={<OfflineIcon />}
      title={online ? 'crm-sync does not answer' : 'This device is offline'}
    >
      What you see may be out of date, and nothing can be changed. This page goes on by itself as soon as it
      can.
    </Alert>
  );
}

function WaitingCount() {
  const { data } = useQuery(summary);
  if (data === undefined || data.quarantine.total === 0) return null;
  const count = number(data.quarantine.total);
  return (
    <Badge size="sm" color="yellow.3" c="dark.9" aria-label={`${count} waiting`}>
      {count}
    </Badge>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light', { getInitialValueInEffect: false }) === 'dark';
  const label = isDark ? 'Use light colours' : 'Use dark colours';
  return (
    <Tooltip label={label} withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tooltip>
  );
}

function SignOutButton() {
  const notice = useNotice();
  const navigate = useNavigate();
  const signOut = async (): Promise<void> => {
    try {
      await done(api.DELETE('/api/session'));
      signInBefore('/');
      await navigate({ to: '/sign-in', replace: true });
      queries.clear();
    } catch (error) {
      notice.failed(error);
    }
  };
  return (
    <Tooltip label="Sign out" withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Sign out"
        onClick={() => void signOut()}
      >
        <SignOutIcon />
      </ActionIcon>
    </Tooltip>
  );
}
