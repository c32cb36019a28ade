import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Run } from '../api.ts';
import { forgetBooks, run as runQuery } from '../queries.ts';
import { listen } from '../stream.ts';

/** The run as it goes on, told by the service. */
export const useLiveRun = (id: string | null): Run | null => {
  const client = useQueryClient();
  const [live, setLive] = useState<Run | null>(null);
  useEffect(() => {
    setLive(null);
    if (id === null) return;
    const take = ({ data }: MessageEvent<string>): void => {
      const run: Run = JSON.parse(data);
      client.setQueryData(runQuery(id).queryKey, run);
      setLive(run);
    };
    const close = listen(() => `/api/runs/${id}/live`, {
      progress: take,
      end: (message) => {
        close();
        take(message);
        void forgetBooks();
      },
    });
    return close;
  }, [id, client]);
  return live;
};
