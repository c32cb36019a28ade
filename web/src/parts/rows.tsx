import { Button, Group } from '@mantine/core';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ReactNode } from 'react';
import { Answer } from './answer.tsx';
import { Trouble } from './states.tsx';

/** A list of the service, page by page, as useInfiniteQuery has it. */
export type Asked<Row> = UseInfiniteQueryResult<InfiniteData<{ data: Row[] }>>;

type Props<Row> = {
  asked: Asked<Row>;
  empty: ReactNode;
  /** How many lines stand for it while it loads. */
  loading?: number;
  /** What is newer than the list. */
  ahead?: readonly Row[];
  children: (rows: readonly Row[]) => ReactNode;
};

const NONE: readonly never[] = [];

/** A list as it stands: not there yet, not to be had, empty, or its rows. */
export function Rows<Row>({ asked, empty, loading, ahead = NONE, children }: Props<Row>) {
  const { data, error, refetch, isFetchNextPageError } = asked;
  const rows = useMemo(() => [...ahead, ...(data?.pages ?? []).flatMap(({ data }) => data)], [ahead, data]);
  return (
    <Answer
      asked={{ data, error: isFetchNextPageError ? null : error, refetch }}
      {...(loading !== undefined && { loading })}
    >
      {() => (rows.length === 0 ? empty : children(rows))}
    </Answer>
  );
}

type MoreProps = {
  of: Pick<Asked<never>, 'hasNextPage' | 'isFetchingNextPage' | 'isFetchNextPageError' | 'error'> & {
    fetchNextPage: () => unknown;
  };
  children?: ReactNode;
};

/** Under a list that is short as a rule. */
export function ShowMore({ of: asked, children = 'Show more' }: MoreProps) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage, error } = asked;
  if (isFetchNextPageError) return <Trouble error={error} retry={() => void fetchNextPage()} />;
  if (!hasNextPage) return null;
  return (
    <Group justify="center" p="sm">
      <Button variant="subtle" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {children}
      </Button>
    </Group>
  );
}
