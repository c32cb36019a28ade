import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { LoadingMore } from './states.tsx';

type Props<Row> = {
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  hasMore: boolean;
  isLoadingMore: boolean;
  more: () => void;
  rowHeight: number;
  label: string;
  /** Titles of the columns, shown on a wide screen; spoken on every one. */
  head: ReactNode;
  children: (row: Row) => ReactNode;
};

const AHEAD = 30; // rows

/** A list that scrolls with the page and draws only what is seen, so that a hundred thousand rows are as fast as ten. */
export function Endless<Row>(props: Props<Row>) {
  const { rows, keyOf, hasMore, isLoadingMore, more, rowHeight, label, head, children } = props;
  const list = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    setOffset((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => keyOf(rows[index]!),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoadingMore && last > rows.length - AHEAD) more();
  }, [hasMore, isLoadingMore, last, rows.length, more]);
  return (
    <div className="list" role="table" aria-label={label} aria-rowcount={hasMore ? -1 : rows.length + 1}>
      <div role="rowgroup">{head}</div>
      <div ref={list} role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {items.map(({ index, key, start }) => (
          <div
            key={key}
            role="row"
            aria-rowindex={index + 2}
            data-index={index}
            ref={virtual.measureElement}
            style={{
              position: 'absolute',
              insetInline: 0,
              top: 0,
              transform: `translateY(${start - offset}px)`,
            }}
          >
            {children(rows[index]!)}
          </div>
        ))}
      </div>
      {isLoadingMore && <LoadingMore />}
    </div>
  );
}
