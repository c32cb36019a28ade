import { useInfiniteQuery } from '@tanstack/react-query';
import { leadHistory } from '../queries.ts';

/** What a lead is called, or was before it became a part of another one. */
export function LeadName({ id }: { id: string }) {
  const { data } = useInfiniteQuery(leadHistory(id));
  const newest = data?.pages[0]?.data[0];
  const values = newest?.change === 'merged' ? newest.before : newest?.after;
  return <bdi>{values?.name ?? values?.email ?? `lead ${id.slice(0, 8)}`}</bdi>;
}
