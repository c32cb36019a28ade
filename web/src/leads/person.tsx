import { Badge, Group, Text } from '@mantine/core';
import type { LeadDetail, LeadSource } from '../api.ts';
import { Link } from '../link.tsx';
import { Status } from '../parts/status.tsx';
import { useConnectionName } from '../queries.ts';

/** What is known of the person now, and which client of the CRM each value is from. */
export function Person({ lead }: { lead: LeadDetail }) {
  const { email, phone, phoneE164, address } = lead;
  return (
    <dl className="facts">
      <dt>E-mail</dt>
      <dd>
        <bdi>{email ?? '–'}</bdi>
        <From lead={lead} field="email" />
      </dd>
      <dt>Phone</dt>
      <dd>
        <bdi className="numbers">{phone ?? '–'}</bdi>
        {phoneE164 !== null && phoneE164 !== phone?.replaceAll(/[\s()./-]/g, '') && (
          <span className="quiet numbers"> {phoneE164}</span>
        )}
        <From lead={lead} field="phone" />
      </dd>
      {address !== null && (
        <>
          <dt>Address</dt>
          <dd>
            <bdi>{placeOf(address)}</bdi>
          </dd>
        </>
      )}
    </dl>
  );
}

/** Which client of which company a value is from. Sources stand in the order in which they are asked for one. */
function From({ lead, field }: { lead: LeadDetail; field: 'email' | 'phone' }) {
  const source = lead.sources.find((one) => one[field] !== null);
  const name = useConnectionName(source?.connectionId);
  if (source === undefined || lead[field] === null) return null;
  return (
    <Text size="xs" c="dimmed" component="div">
      from <bdi>{name}</bdi>, client {source.externalId}
    </Text>
  );
}

type Address = NonNullable<LeadDetail['address']>;

const placeOf = ({ line1, line2, zip, city, state, country }: Address): string =>
  [line1, line2, [zip, city].filter(Boolean).join(' '), state, country].filter(Boolean).join(', ');

/** What one client of a CRM says. */
export function Source({ source }: { source: LeadSource }) {
  const name = useConnectionName(source.connectionId);
  return (
    <div>
      <Group gap="xs" mb={6}>
        <Link to="/settings/connections/$id" params={{ id: source.connectionId }} size="sm" fw={550}>
          {name}
        </Link>
        <Text size="sm" c="dimmed">
          client {source.externalId}
        </Text>
        {source.primary && (
          <Badge size="sm" variant="default" tt="none" fw={500}>
            primary
          </Badge>
        )}
        {source.status === 'gone' && <Status of="gone" />}
      </Group>
      <dl className="facts">
        <dt>Name</dt>
        <dd>
          <bdi>{source.name ?? '–'}</bdi>
        </dd>
        <dt>E-mail</dt>
        <dd>
          <bdi>{source.email ?? '–'}</bdi>
        </dd>
        <dt>Phone</dt>
        <dd className="numbers">
          <bdi>{source.phone ?? '–'}</bdi>
        </dd>
        {source.fields.map(({ id, title, value }) => [
          <dt key={`${id} title`}>
            <bdi>{title}</bdi>
          </dt>,
          <dd key={id}>
            <bdi>{value}</bdi>
          </dd>,
        ])}
      </dl>
    </div>
  );
}
