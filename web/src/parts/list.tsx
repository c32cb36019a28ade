import { Box, Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { QueryKey } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Endless } from './endless.tsx';
import { Rows } from './rows.tsx';
import type { Asked } from './rows.tsx';
import { LoadingMore, Trouble } from './states.tsx';

export type Column = readonly [title: string, width: string];

type Props<Row> = {
  asked: Asked<Row>;
  /** What was asked, to ask it anew. */
  of: QueryKey;
  label: string;
  /** Shown as a head on a wide screen; its rows take their widths from it (`--columns`). */
  columns: readonly Column[];
  keyOf: (row: Row) => string | number;
  /** In pixels, as a guess: what is drawn is measured. */
  rowHeight: number;
  empty: ReactNode;
  ahead?: readonly Row[];
  children: (row: Row) => ReactNode;
};

/** Every long list of the console: its head, its rows without end, and what is to be said when there are none. */
export function List<Row>({
  asked,
  of,
  label,
  columns,
  keyOf,
  rowHeight,
  empty,
  ahead,
  children,
}: Props<Row>) {
  const widths = columns.map(([, width]) => width).join(' ');
  const { isPlaceholderData, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = asked;
  const more = (): void => void fetchNextPage();
  return (
    <>
      {asked.isStale && !asked.isFetching && (asked.data?.pages.length ?? 0) > 2 && <Outdated of={of} />}
      <Rows
        asked={asked}
        empty={<div className="list">{empty}</div>}
        loading={10}
        {...(ahead !== undefined && { ahead })}
      >
        {(rows) => (
          <Box
            className="list"
            style={{ '--columns': widths, opacity: isPlaceholderData ? 0.6 : 1 }}
            aria-busy={isPlaceholderData}
          >
            <div role="table" aria-label={label} aria-rowcount={hasNextPage ? -1 : rows.length + 1}>
              <div className="list-top" role="rowgroup">
                <div className="list-head" role="row">
                  {columns.map(([title]) => (
                    <div key={title} role="columnheader">
                      {title}
                    </div>
                  ))}
                </div>
              </div>
              <Endless
                rows={rows}
                keyOf={keyOf}
                rowHeight={rowHeight}
                {...(hasNextPage && !isFetchingNextPage && !isFetchNextPageError && { more })}
              >
                {children}
              </Endless>
            </div>
            {isFetchingNextPage && <LoadingMore />}
            {isFetchNextPageError && <Trouble error={asked.error} retry={more} />}
          </Box>
        )}
      </Rows>
    </>
  );
}

/** Over a list that has been scrolled through: where somebody reads, nothing moves by itself. */
function Outdated({ of: queryKey }: { of: QueryKey }) {
  const client = useQueryClient();
  const show = (): void => {
    window.scrollTo({ top: 0 });
    void client.resetQueries({ queryKey, exact: true });
  };
  return (
    <div className="outdated" role="status">
      There is something new.
      <Button size="xs" onClick={show}>
        Show it
      </Button>
    </div>
  );
}
