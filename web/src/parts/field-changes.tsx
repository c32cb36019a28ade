import { Text } from '@mantine/core';

type Values = object | null;

const LABELS: Record<string, string> = {
  name: 'Name',
  email: 'E-mail',
  phone: 'Phone',
  address: 'Address',
  status: 'Status',
  service: 'Service',
  provider: 'With',
  startAt: 'Starts',
  endAt: 'Ends',
  startLocal: 'Starts',
  endLocal: 'Ends',
};

const shown = (value: unknown): string | null => {
  if (typeof value === 'object' && value !== null)
    return Object.values(value).filter(Boolean).join(', ') || null;
  return typeof value === 'string' || typeof value === 'number' ? String(value) || null : null;
};

const valueOf = (values: Values, field: string): string | null =>
  shown((values as Record<string, unknown> | null)?.[field]);

/** Per field what it was and what it is; only what can be told in a word. */
export function FieldChanges({
  changed,
  before,
  after,
}: {
  changed: readonly string[];
  before: Values;
  after: Values;
}) {
  const fields = changed.filter((field) => valueOf(before, field) !== valueOf(after, field));
  if (fields.length === 0) {
    return changed.includes('sources') ? (
      <Text size="sm" c="dimmed">
        Only what a source says has changed
      </Text>
    ) : null;
  }
  return (
    <dl className="changes">
      {fields.map((field) => {
        const [old, now] = [valueOf(before, field), valueOf(after, field)];
        return (
          <div key={field}>
            <dt>{LABELS[field] ?? field}</dt>
            <dd>
              {old !== null && (
                <>
                  <del className="before" dir="auto">
                    {old}
                  </del>
                  <span aria-hidden="true"> → </span>
                </>
              )}
              {now === null ? <span className="quiet">nothing</span> : <ins dir="auto">{now}</ins>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
