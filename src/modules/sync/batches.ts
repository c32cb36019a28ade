import type { BookingPage, ClientPage } from '../crm-connection/contract.ts';

/**
 * Reads ahead: the next pages are fetched while the last ones are written. Each batch is what has arrived meanwhile, so a
 * slow CRM gets a transaction a page and a fast one a transaction per `size` records. Holds at most twice `size`.
 * When the source fails, what it had given is still handed on before its error is thrown.
 */
export async function* batches<Page extends ClientPage | BookingPage>(
  pages: AsyncGenerator<Page, void, undefined>,
  size: number,
): AsyncGenerator<Page[], void, undefined> {
  const ready: Page[] = [];
  let held = 0;
  let over = false;
  let failure: { error: unknown } | null = null;
  let wake = (): void => undefined;
  const changed = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  const read = async (): Promise<void> => {
    try {
      for await (const page of pages) {
        ready.push(page);
        held += weight(page);
        wake();
        while (held >= 2 * size && !over) await changed();
        if (over) return;
      }
    } catch (error) {
      failure = { error };
    }
    over = true;
    wake();
  };
  const reading = read();

  try {
    while (ready.length > 0 || !over) {
      if (ready.length === 0) await changed();
      const batch = take(ready, size);
      if (batch.length === 0) continue;
      yield batch;
      for (const page of batch) held -= weight(page);
      wake();
    }
    if (failure !== null) throw (failure as { error: unknown }).error;
  } finally {
    over = true;
    wake();
    await reading;
  }
}

const weight = (page: ClientPage | BookingPage): number =>
  ('clients' in page ? page.clients : page.bookings).length + page.unreadable.length + 1;

const take = <Page extends ClientPage | BookingPage>(ready: Page[], size: number): Page[] => {
  let count = 0;
  let pages = 0;
  while (pages < ready.length && (pages === 0 || count + weight(ready[pages]!) <= size)) {
    count += weight(ready[pages]!);
    pages += 1;
  }
  return ready.splice(0, pages);
};
