import { Alert, Button, Group, Loader, Skeleton, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Refused, Unreachable, fieldErrors } from '../api.ts';
import { OfflineIcon, QuarantineIcon } from '../icons.tsx';
import { sentenceOf } from './notice.tsx';

/** What could not be shown, why, and a way to try again. */
export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  const isRefused = error instanceof Refused;
  const canCome = !isRefused || error.status !== 404;
  // The refusal itself says no more than that some fields are wrong.
  const named = Object.entries(fieldErrors(error)).map(([name, sentence]) => `${name}: ${sentence}`);
  return (
    <Alert
      color={isRefused ? 'red' : 'orange'}
      role="alert"
      icon={isRefused ? <QuarantineIcon /> : <OfflineIcon />}
      title={titleOf(error)}
    >
      <Stack gap="sm" align="flex-start">
        {(named.length > 0 ? named : [sentenceOf(error)]).map((sentence) => (
          <Text key={sentence} size="sm">
            {sentence}
          </Text>
        ))}
        {retry && canCome && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

const titleOf = (error: unknown): string => {
  if (error instanceof Refused) return error.problem.title;
  return error instanceof Unreachable ? error.title : 'Not shown';
};

type EmptyProps = { title: string; children?: ReactNode; isSmall?: boolean };

export function Empty({ title, children, isSmall = false }: EmptyProps) {
  return (
    <Stack align="center" gap={6} py={isSmall ? 28 : 48} px="md" ta="center">
      <Text fw={600}>{title}</Text>
      {children !== undefined && (
        <Text size="sm" c="dimmed" maw={440} component="div">
          {children}
        </Text>
      )}
    </Stack>
  );
}

export function LoadingRows({ rows = 6 }: { rows?: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={22} radius="sm" />
      ))}
    </Stack>
  );
}

export function LoadingMore() {
  return (
    <Group justify="center" p="md" role="status" aria-label="Loading more">
      <Loader size="sm" />
    </Group>
  );
}
