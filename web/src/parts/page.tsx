import { Box, Group, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';

type Props = { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode; width?: number };

const WIDEST = 1180; // px

/** The frame of every page; all begin at the same edge: its one heading, what can be done here, and the page. */
export function Page({ title, lead, actions, children, width = WIDEST }: Props) {
  useEffect(() => {
    document.title = `${title} · crm-sync`;
  }, [title]);
  return (
    <Box className="page" maw={WIDEST} mx="auto" w="100%">
      <Box maw={width}>
        <Group justify="space-between" align="flex-start" mb="lg" gap="md">
          <Box style={{ minWidth: 0, flex: '1 1 260px' }}>
            <Title order={1} className="page-title" fz={{ base: 22, sm: 26 }} lh={1.25} title={title}>
              <bdi>{title}</bdi>
            </Title>
            {lead !== undefined && (
              <Text c="dimmed" size="sm" mt={4} component="div">
                {lead}
              </Text>
            )}
          </Box>
          {actions !== undefined && <Group gap="xs">{actions}</Group>}
        </Group>
        {children}
      </Box>
    </Box>
  );
}

type CardProps = { title?: string; aside?: ReactNode; children: ReactNode; flush?: boolean };

export function Card({ title, aside, children, flush = false }: CardProps) {
  return (
    <section className="card">
      {title !== undefined && (
        <Group
          className={flush ? 'list-edge' : undefined}
          justify="space-between"
          px={flush ? undefined : 'lg'}
          pt="md"
          pb={flush ? 'sm' : 0}
          gap="sm"
        >
          <h2 className="card-title" style={{ margin: 0 }}>
            {title}
          </h2>
          {aside}
        </Group>
      )}
      <Box p={flush ? 0 : 'lg'} pt={flush || title === undefined ? undefined : 'sm'}>
        {children}
      </Box>
    </section>
  );
}
