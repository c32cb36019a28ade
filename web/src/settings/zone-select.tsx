import { Select } from '@mantine/core';

const ZONES = Intl.supportedValuesOf('timeZone');

type Props = {
  label: string;
  description?: string;
  value: string | null;
  error?: string | undefined;
  onChange: (zone: string | null) => void;
};

export function ZoneSelect({ label, description, value, error, onChange }: Props) {
  return (
    <Select
      label={label}
      description={description}
      placeholder="Europe/Berlin"
      data={value === null || ZONES.includes(value) ? ZONES : [value, ...ZONES]}
      limit={60}
      searchable
      clearable
      value={value}
      error={error}
      onChange={onChange}
    />
  );
}
