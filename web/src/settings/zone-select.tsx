import { Select } from '@mantine/core';

const ZONES = Intl.supportedValuesOf('timeZone');

type Props = { value: string | null; error?: string | undefined; onChange: (zone: string | null) => void };

export function ZoneSelect({ value, error, onChange }: Props) {
  return (
    <Select
      label="Time zone of the company"
      description="As the CRM says if left out"
      placeholder="Europe/Berlin"
      data={ZONES}
      limit={60}
      searchable
      clearable
      value={value}
      error={error}
      onChange={onChange}
    />
  );
}
