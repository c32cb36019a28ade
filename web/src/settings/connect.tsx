import {
  Alert,
  Anchor,
  Button,
  Checkbox,
  Collapse,
  Group,
  Radio,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, api } from '../api.ts';
import { LinkButton } from '../link.tsx';
import { Form } from '../parts/form.tsx';
import { sentenceOf, useNotice } from '../parts/notice.tsx';
import { Card, Page } from '../parts/page.tsx';
import { SecretInput } from '../parts/secret-input.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks } from '../queries.ts';
import { credentialProblems } from './problems.ts';
import { ZoneSelect } from './zone-select.tsx';

const BLANK = {
  company: '',
  login: '',
  secret: '',
  totpSecret: '',
  name: '',
  domain: '',
  country: '',
  timezone: null as string | null,
  clientFields: false,
  importWithoutEmail: false,
};
type Form = typeof BLANK;

const REQUIRED = {
  company: 'Enter the company’s login.',
  login: 'Enter the user’s login.',
  secret: 'Enter the password or key.',
};

const blank = (text: string): string | null => (text.trim() === '' ? null : text.trim());

export function Connect() {
  const [form, setForm] = useState(BLANK);
  const [missing, setMissing] = useState<Record<string, string>>({});
  const [hasMore, { toggle, open }] = useDisclosure();
  const navigate = useNavigate();
  const notice = useNotice();
  const connect = useDeed({
    mutationFn: () => answered(api.POST('/api/connections', { body: bodyOf(form) })),
    onSuccess: async ({ id, name }) => {
      notice.said(`${name} is connected. Sync it to bring its clients here.`);
      await navigate({ to: '/settings/connections/$id', params: { id } });
      await forgetBooks();
    },
    onError: (error) => {
      const at = Object.keys(credentialProblems(error));
      if (at.some((name) => !(name in REQUIRED))) open();
    },
  });
  const problems: Record<string, string> = { ...credentialProblems(connect.error), ...missing };
  const isElsewhere = connect.error !== null && Object.keys(credentialProblems(connect.error)).length === 0;

  const set = <Name extends keyof Form>(name: Name, value: Form[Name]): void => {
    setForm((form) => ({ ...form, [name]: value }));
    setMissing((missing) => Object.fromEntries(Object.entries(missing).filter(([field]) => field !== name)));
    if (connect.isError && (isElsewhere || name in problems)) connect.reset();
  };
  const secret = (name: 'secret' | 'totpSecret') => ({
    value: form[name],
    error: problems[name],
    change: (value: string) => set(name, value),
  });
  const text = (name: 'company' | 'login' | 'name' | 'domain' | 'country') => ({
    value: form[name],
    error: problems[name],
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => set(name, event.currentTarget.value),
  });
  const submit = (): void => {
    const lacking = Object.entries(REQUIRED).filter(
      ([name]) => blank(String(form[name as keyof Form])) === null,
    );
    setMissing(Object.fromEntries(lacking));
    if (lacking.length === 0) connect.mutate();
  };

  return (
    <Page title="Connect CRM" lead="The credentials are tried before anything is stored." width={720}>
      <Card>
        <Form submit={submit} problems={problems}>
          <Stack gap="md" pt="xs">
            {isElsewhere && (
              <Alert color="red" role="alert" title="Not connected">
                {sentenceOf(connect.error)}
              </Alert>
            )}
            <TextInput
              label="Company"
              description="The first part of its address: “acmestudio” in acmestudio.simplybook.me"
              withAsterisk
              {...text('company')}
            />
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput
                label="Login"
                description="As listed under Manage → Users"
                withAsterisk
                {...text('login')}
              />
              <SecretInput
                label="Password or API User Key"
                description="Better a key: Settings → API User Keys"
                withAsterisk
                {...secret('secret')}
              />
            </SimpleGrid>
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={toggle}
              aria-expanded={hasMore}
              ta="start"
            >
              {hasMore ? 'Fewer settings' : 'More settings: domain, time zone, two-factor login'}
            </Anchor>
            <Collapse expanded={hasMore}>
              <Stack gap="md">
                <SimpleGrid cols={{ base: 1, xs: 2 }}>
                  <TextInput
                    label="Name here"
                    description="The company’s login if left out"
                    {...text('name')}
                  />
                  <TextInput
                    label="Domain"
                    description="If it is not simplybook.me"
                    placeholder="simplybook.it"
                    {...text('domain')}
                  />
                  <ZoneSelect
                    label="Time zone of the company"
                    description="As the CRM says if left out"
                    value={form.timezone}
                    error={problems['timezone']}
                    onChange={(zone) => set('timezone', zone)}
                  />
                  <TextInput
                    label="Country"
                    description="Two letters: how phone numbers are read"
                    placeholder="DE"
                    maxLength={2}
                    {...text('country')}
                  />
                </SimpleGrid>
                <SecretInput
                  label="Secret of the authenticator app"
                  description="Only where the user has two-factor login and signs in by password"
                  {...secret('totpSecret')}
                />
                <Radio.Group
                  label="Clients without an e-mail address"
                  value={form.importWithoutEmail ? 'import' : 'quarantine'}
                  onChange={(value) => set('importWithoutEmail', value === 'import')}
                >
                  <Stack gap={8} mt={8}>
                    <Radio value="quarantine" label="wait in quarantine until somebody adds one" />
                    <Radio value="import" label="become leads without one" />
                  </Stack>
                </Radio.Group>
                <Checkbox
                  label="Fetch custom fields, too"
                  description="One more request for each new or changed client"
                  checked={form.clientFields}
                  onChange={({ currentTarget }) => set('clientFields', currentTarget.checked)}
                />
              </Stack>
            </Collapse>
            <Group justify="flex-end" mt="xs">
              <LinkButton variant="default" to="/settings">
                Cancel
              </LinkButton>
              <Button type="submit" loading={connect.isPending}>
                Connect
              </Button>
            </Group>
          </Stack>
        </Form>
      </Card>
    </Page>
  );
}

const bodyOf = (form: Form) => ({
  provider: 'simplybook' as const,
  company: form.company.trim(),
  login: form.login.trim(),
  secret: form.secret,
  totpSecret: blank(form.totpSecret),
  name: blank(form.name),
  domain: blank(form.domain),
  country: blank(form.country),
  timezone: form.timezone,
  clientFields: form.clientFields,
  clientsWithoutEmail: form.importWithoutEmail ? ('import' as const) : ('quarantine' as const),
});
