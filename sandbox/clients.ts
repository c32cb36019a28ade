import { tailOf } from './client-json.ts';
import { folded, personOf, type Client, type Person, type Population } from './people.ts';

type Entry = { client: Client; key: string; tail: string | null };
export type ListOrder = 'name' | 'id';

const byName = (one: Entry, other: Entry): number => {
  if (one.key !== other.key) return one.key < other.key ? -1 : 1;
  return one.client.id - other.client.id;
};

const byId = (one: Client, other: Client): number => one.id - other.id;

const mentions = (client: Client, wanted: string): boolean =>
  [client.name, client.email, client.phone].some((value) => value?.toLowerCase().includes(wanted));

const entryOf = (client: Client): Entry => ({ client, key: folded(client.name), tail: null });

/** Where the entry is, or belongs, in a list sorted by name. */
const place = (sorted: Entry[], entry: Entry): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = sorted[middle];
    if (there !== undefined && byName(there, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

const BLANK: Person = {
  name: '',
  email: null,
  phone: null,
  address1: null,
  address2: null,
  city: null,
  zip: null,
  country_id: null,
  state_id: null,
  birthday: null,
};

/** The clients that are deleted beforehand, beside those asked for. */
const deletedBeforehand = (count: number, clean: boolean): number =>
  clean || count === 0 ? 0 : Math.max(1, Math.round(count / 200));

/**
 * The client records of one company. Keeps them sorted by name and their JSON ready, because a hundred thousand of
 * them are listed page by page; a change touches only its own record.
 */
export class Crm {
  #population: Population;
  #entries = new Map<number, Entry>();
  #sorted: Entry[];
  #lists = new Map<string, Client[]>();
  #rows: string[] = [];
  #nextId = 1;
  /** Told of what is done to a client from now on. */
  onChange: (what: 'new' | 'change' | 'delete', id: number) => void = () => undefined;

  constructor(count: number, population: Population) {
    this.#population = population;
    const total = count + deletedBeforehand(count, population.clean);
    for (let id = 1; id <= total; id += 1) {
      const entry = entryOf({ id, ...personOf(population, id), deleted: id > count });
      this.#entries.set(id, entry);
    }
    this.#nextId = total + 1;
    this.#sorted = [...this.#entries.values()].toSorted(byName);
  }

  /** The truth: every client by id, deleted ones too. Not in it: rows from `addRow`. */
  all(): Client[] {
    return [...this.#entries.values()].map((entry) => entry.client);
  }

  /** How many there are that are not deleted. */
  get count(): number {
    return this.list({ order: 'name', deleted: false, search: '' }).length;
  }

  get(id: number): Client | null {
    return this.#entries.get(id)?.client ?? null;
  }

  /** What is not given is blank. */
  add(fields: Partial<Person> = {}): Client {
    const client: Client = { id: this.#nextId, ...BLANK, ...fields, deleted: false };
    this.#nextId += 1;
    this.#put(entryOf(client));
    this.onChange('new', client.id);
    return client;
  }

  /** The next one of the population. */
  addSomebody(changes: Partial<Person> = {}): Client {
    return this.add({ ...personOf(this.#population, this.#nextId), ...changes });
  }

  /** @returns null when there is no such client. */
  change(id: number, changes: Partial<Person> & { deleted?: boolean }): Client | null {
    const before = this.#entries.get(id);
    if (before === undefined) return null;
    this.#sorted.splice(place(this.#sorted, before), 1);
    const entry = entryOf({ ...before.client, ...changes, id });
    this.#put(entry);
    this.onChange(entry.client.deleted && !before.client.deleted ? 'delete' : 'change', id);
    return entry.client;
  }

  /** Soft: it can be brought back. */
  delete(id: number): Client | null {
    return this.change(id, { deleted: true });
  }

  undelete(id: number): Client | null {
    return this.change(id, { deleted: false });
  }

  /** A record at the end of the list, word for word, whatever it is. */
  addRow(json: string): void {
    this.#rows.push(json);
  }

  get rows(): readonly string[] {
    return this.#rows;
  }

  /**
   * As the CRM lists them; `search` finds substrings of name, e-mail and phone without minding case. The list is
   * kept until the next change: not to be altered.
   */
  list(wanted: { order: ListOrder; deleted: boolean; search: string }): readonly Client[] {
    const name = `${wanted.order} ${wanted.deleted}`;
    const kept = this.#lists.get(name) ?? this.#listed(wanted.order, wanted.deleted);
    this.#lists.set(name, kept);
    const search = wanted.search.trim().toLowerCase();
    return search === '' ? kept : kept.filter((client) => mentions(client, search));
  }

  /** The fields after the id as JSON, without the opening brace: the part of a list row that never varies. */
  tail(client: Client): string {
    const entry = this.#entries.get(client.id);
    if (entry?.client !== client) return tailOf(client);
    entry.tail ??= tailOf(client);
    return entry.tail;
  }

  #listed(order: ListOrder, deleted: boolean): Client[] {
    const clients = this.#sorted.map((entry) => entry.client).filter((client) => deleted || !client.deleted);
    return order === 'id' ? clients.toSorted(byId) : clients;
  }

  #put(entry: Entry): void {
    this.#entries.set(entry.client.id, entry);
    this.#sorted.splice(place(this.#sorted, entry), 0, entry);
    this.#lists.clear();
  }
}
