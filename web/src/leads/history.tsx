import { useInfiniteQuery } from '@tanstack/react-query';
import { answered, api } from '../api.ts';
import { Link } from '../link.tsx';
import { LoadingRows, Trouble } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { actorOf, plain } from '../parts/words.ts';

export function History({ id }: { id: string }) {
  const { data, error, refetch } = useInfiniteQuery({
    queryKey: ['leads', 'history', id],
    initialPageParam: null as string | null,
    getNextPageParam: ({ page }) => page.nextCursor,
    queryFn: () =>
      answered(api.GET('/api/events', { params: { query: { stream: `lead-${id}`, order: 'desc' } } })),
  });
  if (error !== null) return <Trouble error={error} retry={() => void refetch()} />;
  if (data === undefined) return <LoadingRows />;
  return (
    <ol className="timeline">
      {data.pages.flatMap(({ data }) => data).map((event) => (
        <li key={event.position}>
          <Link to="/audit/$position" params={{ position: String(event.position) }} size="sm" fw={550}>
            {plain(event.type)}
          </Link>
          <div className="quiet">
            {actorOf(event.meta.actor)}, <Time at={event.recordedAt} />
          </div>
        </li>
      ))}
    </ol>
  );
}
