import { SimpleGrid, Stack, Text } from '@mantine/core';
import type { Run } from '../api.ts';
import { number } from '../parts/words.ts';

type Props = Pick<Run, 'counts' | 'absences'>;

/** What became of each client and booking that was fetched, and who was not listed. */
export function Statistics({ counts, absences }: Props) {
  const { bookings } = counts;
  return (
    <Stack gap="lg">
      <Figures
        title="Clients"
        figures={[
          ['fetched', counts.fetched],
          ['new leads', counts.created],
          ['updated', counts.updated],
          ['linked', counts.linked],
          ['unchanged', counts.unchanged],
          ['in quarantine', counts.quarantined],
          ...(absences.missing > 0 ? [['missing', absences.missing] as [string, number]] : []),
          ...(absences.gone > 0 ? [['gone', absences.gone] as [string, number]] : []),
          ...(absences.returned > 0 ? [['back', absences.returned] as [string, number]] : []),
          ...(counts.erased > 0 ? [['erased', counts.erased] as [string, number]] : []),
        ]}
      />
      <Figures
        title="Bookings"
        figures={[
          ['fetched', bookings.fetched],
          ['new', bookings.created],
          ['updated', bookings.updated],
          ['unchanged', bookings.unchanged],
          ['in quarantine', bookings.quarantined],
        ]}
      />
    </Stack>
  );
}

function Figures({ title, figures }: { title: string; figures: [label: string, value: number][] }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={6}>
        {title}
      </Text>
      <SimpleGrid cols={{ base: 3, sm: 6 }} spacing="sm">
        {figures.map(([label, value]) => (
          <div key={label}>
            <Text fz={20} fw={600} lh={1.3} className="numbers" c={value === 0 ? 'dimmed' : undefined}>
              {number(value)}
            </Text>
            <Text size="xs" c="dimmed">
              {label}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </div>
  );
}
