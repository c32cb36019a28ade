import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Run } from '../api.ts';
import { forgetBooks, run as runQuery } from '../queries.ts';

/** The run as it goes on, told by the service. A connection that breaks is made again by the browser. */
export const useLiveRun = (id: string | null): Run | null => {
  const client = useQueryClient();
  const [live, setLive] = useState<Run | null>(null);
  useEffect(() => {
    setLive(null);
    if (id === null) return;
    const source = new EventSource(`/api/runs/${id}/live`);
    const take = ({ data }: MessageEvent<string>): Run => {
      const run: Run = JSON.parse(data);
      client.setQueryData(runQuery(id).queryKey, run);
      setLive(run);
      return run;
    };
    source.addEventListener('progress', take);
    source.addEventListener('end', (message) => {
      source.close();
      take(message);
      void forgetBooks();
    });
    return () => source.close();
  }, [id, client]);
  return live;
};
