import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { connections } from '../queries.ts';

type Props = { value: string | null; onChange: (id: string | null) => void };

/** Of which company; there is nothing to choose while there is one. */
export function ConnectionSelect({ value, onChange }: Props) {
  const { data = [] } = useQuery(connections);
  if (data.length < 2) return null;
  return (
    <Select
      aria-label="Connection"
      placeholder="Any connection"
      data={data.map(({ id, name }) => ({ value: id, label: name }))}
      value={value}
      onChange={onChange}
      clearable
      className="filter"
    />
  );
}
