import { Command, Option } from 'commander';
import { contextOf, first } from './context.ts';
import { connectionOf, leadIdOf } from './naming.ts';
import { limitOption, MOMENT, momentOf } from './options.ts';
import { minute, short, table } from './output.ts';

type Booking = {
  id: string;
  externalId: string;
  leadId: string | null;
  status: string;
  startAt: string | null;
  service: string | null;
  provider: string | null;
};
type Options = {
  lead?: string;
  connection?: string;
  from?: string;
  to?: string;
  status?: string;
  limit: number;
};

const STATUSES = ['confirmed', 'confirmed_pending', 'pending', 'canceled'];

export const bookingsCommand = new Command('bookings')
  .description('what people have booked, the latest start first')
  .option('--lead <lead>', 'of one lead: its id, its e-mail address, or what only one lead is found by')
  .option('--connection <connection>', 'of one company: its id, company or name')
  .option('--from <time>', `that start then or later: ${MOMENT}`)
  .option('--to <time>', 'that start before then')
  .addOption(new Option('--status <status>', 'only those').choices(STATUSES))
  .addOption(limitOption(20))
  .addHelpText(
    'after',
    `
Examples:
  crm-sync bookings --lead mia@example.com
  crm-sync bookings --from 2026-12-01 --to 2026-12-08 --status confirmed`,
  )
  .action(async ({ lead, connection, from, to, status, limit }: Options, command: Command) => {
    const { api, say } = await contextOf(command);
    const query = new URLSearchParams({
      ...(lead !== undefined && { leadId: await leadIdOf(api, lead) }),
      ...(connection !== undefined && { connectionId: (await connectionOf(api, connection)).id }),
      ...(from !== undefined && { from: momentOf('--from', from) }),
      ...(to !== undefined && { to: momentOf('--to', to) }),
      ...(status !== undefined && { status }),
    });
    const path = `/api/bookings?${query.toString()}`;
    const { rows, more } = await first(api.rows<Booking>(path, limit + 1), limit);
    say(rows, () =>
      table(
        ['start', 'status', 'what', 'with', 'lead', 'number'],
        rows.map((one) => [
          minute(one.startAt),
          one.status,
          one.service,
          one.provider,
          one.leadId === null ? null : short(one.leadId),
          one.externalId,
        ]),
        'There are no such bookings.',
        more,
      ),
    );
  });
