import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { onSignedOut } from './api.ts';
import { forgetBooks, head, queries, session } from './queries.ts';
import { signInBefore } from './sign-in.tsx';

/** Whoever has no session is led to where one gets one, and back; one that ends meanwhile is noticed at once. */
export const useSignedOut = (isStranger: boolean): void => {
  const navigate = useNavigate();
  useEffect(() => {
    if (!isStranger) return;
    signInBefore(location.pathname + location.search);
    void navigate({ to: '/sign-in', replace: true });
  }, [isStranger, navigate]);
  useEffect(() => {
    const look = (): void => void queries.invalidateQueries({ queryKey: session.queryKey });
    onSignedOut.addEventListener('signed-out', look);
    return () => onSignedOut.removeEventListener('signed-out', look);
  }, []);
};

/** What others do, a schedule or a webhook, another page: it is shown here, too, when the log has grown. */
export const useNews = (): void => {
  const { data: newest } = useQuery(head);
  const known = useRef(newest);
  useEffect(() => {
    if (newest === undefined || newest === known.current) return;
    if (known.current !== undefined) void forgetBooks();
    known.current = newest;
  }, [newest]);
};

/** After a link to another page, whoever uses the keyboard or listens goes on at that page, not at its menu. */
export const useFocusOnPage = (path: string): void => {
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    document.getElementById('main')?.focus({ preventScroll: true });
  }, [path]);
};
