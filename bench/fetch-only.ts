import { pages } from './pages.ts';
import type { Job, Side } from './sides.ts';

/** (c): what the list itself costs. */
export const fetchOnly = async ({ crm }: Job): Promise<Side> => ({
  sync: async () => {
    let clients = 0;
    for await (const page of pages(crm)) clients += page.length;
    return clients;
  },
  prove: async () => ({ leads: 0, people: null, facts: null }),
  close: async () => undefined,
});
