import { BarChart } from '@mantine/charts';
import { VisuallyHidden } from '@mantine/core';
import type { Summary } from '../api.ts';
import { number } from '../parts/words.ts';

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** `day` is a date of the viewer's calendar, not an instant. */
const dayOf = (day: string): string => DAY.format(new Date(`${day}T00:00:00Z`));

export function NewLeads({ days }: { days: Summary['leads']['newPerDay'] }) {
  const data = days.map(({ day, count }) => ({ day: dayOf(day), 'New leads': count }));
  return (
    <>
      <div aria-hidden="true">
        <BarChart
          h={296}
          data={data}
          dataKey="day"
          series={[{ name: 'New leads', color: 'sea.6' }]}
          tickLine="none"
          gridAxis="x"
          barProps={{ radius: [3, 3, 0, 0], isAnimationActive: false }}
          yAxisProps={{ allowDecimals: false, width: 44 }}
          xAxisProps={{ interval: 'preserveStartEnd', minTickGap: 28 }}
          valueFormatter={number}
          withTooltip
          barChartProps={{ accessibilityLayer: false }}
        />
      </div>
      <VisuallyHidden>
        <table>
          <caption>New leads per day</caption>
          <tbody>
            {days
              .filter(({ count }) => count > 0)
              .map(({ day, count }) => (
                <tr key={day}>
                  <th scope="row">{dayOf(day)}</th>
                  <td>{number(count)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </>
  );
}
