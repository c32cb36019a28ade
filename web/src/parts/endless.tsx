import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';

type Props<Row> = {
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  rowHeight: number;
  /** Left out: there are no more, or none can be had now. */
  more?: () => void;
  children: (row: Row) => ReactNode;
};

const AHEAD = 30; // rows

/** Rows that scroll with the page; only what is seen is drawn, so that a hundred thousand are as fast as ten. */
export function Endless<Row>({ rows, keyOf, rowHeight, more, children }: Props<Row>) {
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
    // Another function means to measure every row anew.
    getItemKey: useCallback((index: number) => keyOf(rows[index]!), [rows, keyOf]),
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last > rows.length - AHEAD) more?.();
  }, [last, rows.length, more]);
  return (
    <div ref={list} role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
      {items.map(({ index, key, start }) => (
        <div
          key={key}
          role="row"
          aria-rowindex={index + 2}
          data-index={index}
          ref={virtual.measureElement}
          className="endless-row"
          style={{ transform: `translateY(${start - offset}px)` }}
        >
          {children(rows[index]!)}
        </div>
      ))}
    </div>
  );
}
