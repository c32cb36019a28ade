import { Page } from '../parts/page.tsx';

export function Dashboard() {
  return <Page title="Dashboard">…</Page>;
}
