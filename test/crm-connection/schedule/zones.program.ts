// What a program makes of local times; run on machines that are set to different zones.
import { slotsAfter, timesAfter } from '../../../src/modules/crm-connection/schedule/slots.ts';
import { instantsOf, localTime, offsetAt } from '../../../src/shared/local-time.ts';

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Australia/Lord_Howe', 'UTC', '+05:30'];
const LOCALS = ['2026-03-29 02:30:00', '2026-10-25 02:30:00', '2026-12-01 00:00:00', '2026-06-30 23:59:59'];
const CRONS = ['30 2 * * *', '0 * * * *', '0 0 29 2 *', '15 4 * * SUN'];
const BEGIN = Date.parse('2026-03-28T12:00Z');
const HOUR = 3_600_000;

const said = ZONES.map((timezone) => ({
  slots: CRONS.map((cron) => [...slotsAfter({ cron, timezone }, BEGIN).take(30)]),
  times: [...timesAfter({ cron: '30 2 * * *', timezone }, 'one', BEGIN).take(5)],
  instants: LOCALS.map((local) => instantsOf(local, timezone)),
  shown: Array.from({ length: 400 }, (_, day) => localTime(BEGIN + day * 25 * HOUR, timezone)),
  offset: offsetAt(BEGIN, timezone),
}));
process.stdout.write(JSON.stringify({ here: new Date(BEGIN).getHours(), said }));
