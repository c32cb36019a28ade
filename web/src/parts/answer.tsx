import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Unreachable } from '../api.ts';
import { LoadingRows, Trouble } from './states.tsx';

type Props<Data> = {
  asked: Pick<UseQueryResult<Data>, 'data' | 'error' | 'refetch'>;
  /** How many lines stand for it while it loads. */
  loading?: number;
  children: (data: Data) => ReactNode;
};

/** What the service answered; or that it is awaited, or not to be had. What is known stays in sight when no answer comes: the shell says that. */
export function Answer<Data>({ asked: { data, error, refetch }, loading = 6, children }: Props<Data>) {
  const isTrouble = error !== null && !(data !== undefined && error instanceof Unreachable);
  return (
    <>
      {isTrouble && <Trouble error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <LoadingRows rows={loading} />}
      {data !== undefined && children(data)}
    </>
  );
}
