/** What can be booked. */
export type Service = {
  id: number;
  name: string;
  description: string | null;
  price: number | null;
  currency: string;
  duration: number;
};

/** Who does it. */
export type Provider = { id: number; name: string; services: number[] };

export const SERVICES: readonly [Service, ...Service[]] = [
  { id: 6, name: 'Full session', description: '', price: 60, currency: 'EUR', duration: 60 },
  { id: 7, name: 'Short session', description: null, price: 35.5, currency: 'EUR', duration: 30 },
  {
    id: 8,
    name: 'Yoga & Breath',
    description: '<p>Bring a <b>mat</b>.</p><script>alert("booked")</script>',
    price: null,
    currency: 'EUR',
    duration: 90,
  },
];

export const PROVIDERS: readonly [Provider, ...Provider[]] = [
  { id: 2, name: 'Anna Berg', services: [6, 7] },
  { id: 3, name: 'Søren Ibrahim', services: [6, 8] },
];

/** As the list and the route by id show it; its providers are numbers. */
export const serviceJson = (service: Service): object => ({
  ...service,
  deposit_price: null,
  tax_id: null,
  tax: null,
  buffer_time_after: 0,
  recurring_settings: null,
  picture: null,
  picture_preview: null,
  memberships: [],
  providers: PROVIDERS.filter(({ services }) => services.includes(service.id)).map(({ id }) => id),
  is_active: true,
  is_visible: true,
  duration_type: null,
  limit_booking: null,
  min_group_booking: null,
});

/** Its services, unlike a service's providers, are texts. */
export const providerJson = ({ id, name, services }: Provider): object => ({
  id,
  name,
  qty: 1,
  email: null,
  description: '',
  phone: '',
  picture: null,
  picture_preview: null,
  color: null,
  is_active: true,
  is_visible: true,
  services: services.map(String),
});
