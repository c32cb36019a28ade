import { Command } from 'commander';
import { contextOf } from './context.ts';
import { connectionOf, WHICH } from './naming.ts';
import { NO_WEBHOOKS } from './problem.ts';
import { facts, number, shown, when, wrapped } from './output.ts';

type Address = { url: string; registered: boolean; events: string[]; how: string | null };
type State = {
  /** False when there are none; a service that refuses to answer then says so itself. */
  on?: boolean;
  registered: boolean;
  events: string[];
  registeredAt: string | null;
  waiting: number;
  lastDeliveryAt: string | null;
  changes: { since: string; byWebhook: number; bySync: number } | null;
};

const told = ({ registered, events, registeredAt, waiting, lastDeliveryAt, changes }: State): string =>
  facts([
    ['registered', registered ? 'SimplyBook.me uses the address' : 'the address has to be entered there'],
    ['tells of', events.join(', ')],
    ['since', when(registeredAt)],
    ['last delivery', when(lastDeliveryAt)],
    ['records to be read', number(waiting)],
    ...(changes === null
      ? []
      : [
          [
            'changes',
            `${number(changes.byWebhook)} brought by webhooks, ${number(changes.bySync)} by a sync first, since ${when(changes.since)}`,
          ] as const,
        ]),
  ]);

const show = new Command('show')
  .description('whether webhooks come, and how much of what changes they tell')
  .argument('[connection]', WHICH)
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id } = await connectionOf(api, wanted);
    const state = await api.get<State>(`/api/connections/${id}/webhooks`);
    say(state, () => (state.on === false ? NO_WEBHOOKS : told(state)));
  });

const on = new Command('on')
  .description('makes a new address, also in place of another one, and has SimplyBook.me use it')
  .argument('[connection]', WHICH)
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id } = await connectionOf(api, wanted);
    const made = await api.post<Address>(`/api/connections/${id}/webhooks`);
    say(made, () =>
      [
        `The address is shown only this once; whoever knows it can tell of changes:\n${shown(made.url)}`,
        made.registered ? 'SimplyBook.me uses it.' : 'SimplyBook.me does not use it yet.',
        ...(made.how === null ? [] : [wrapped(shown(made.how))]),
      ].join('\n\n'),
    );
  });

const off = new Command('off')
  .description('ends them at once')
  .argument('[connection]', WHICH)
  .action(async (wanted: string | undefined, _: object, command: Command) => {
    const { api, say } = await contextOf(command);
    const { id, company } = await connectionOf(api, wanted);
    await api.ask('DELETE', `/api/connections/${id}/webhooks`);
    say({ id, registered: false }, `${shown(company)} has no webhooks any more.`);
  });

export const webhooksCommand = new Command('webhooks')
  .description('has SimplyBook.me tell of changes when they happen')
  .addCommand(show, { isDefault: true })
  .addCommand(on)
  .addCommand(off);
