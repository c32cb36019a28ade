import {
  Outlet,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { Broken, Nowhere } from './nowhere.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

const load = {
  charts: () => import('./dashboard/new-leads.tsx'),
  dashboard: () => import('./dashboard/dashboard.tsx'),
  leads: () => import('./leads/leads.tsx'),
  leadPage: () => import('./leads/lead.tsx'),
  bookings: () => import('./bookings/bookings.tsx'),
  quarantine: () => import('./quarantine/quarantine.tsx'),
  runs: () => import('./runs/runs.tsx'),
  runPage: () => import('./runs/run.tsx'),
  audit: () => import('./audit/audit.tsx'),
  eventPage: () => import('./audit/event.tsx'),
  settings: () => import('./settings/settings.tsx'),
  connect: () => import('./settings/connect.tsx'),
  connectionPage: () => import('./settings/connection.tsx'),
};

/** All pages, once the first is drawn: so that they open at once, and also while the service does not answer. */
export const loadPages = async (): Promise<void> => {
  await Promise.allSettled(Object.values(load).map((page) => page()));
};

// Each address stands in src/modules/console/console.controller.ts, too: the service answers no other with this page.
const root = createRootRoute({ component: Outlet, notFoundComponent: Nowhere });
const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignIn });
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const dashboard = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(load.dashboard, 'Dashboard'),
});
const leads = createRoute({
  getParentRoute: () => shell,
  path: '/leads',
  component: lazyRouteComponent(load.leads, 'Leads'),
});
const lead = createRoute({
  getParentRoute: () => shell,
  path: '/leads/$id',
  validateSearch: ({ asOf }): { asOf?: number } =>
    typeof asOf === 'number' && Number.isSafeInteger(asOf) && asOf > 0 ? { asOf } : {},
  component: lazyRouteComponent(load.leadPage, 'LeadPage'),
});
const bookings = createRoute({
  getParentRoute: () => shell,
  path: '/bookings',
  component: lazyRouteComponent(load.bookings, 'Bookings'),
});
const quarantine = createRoute({
  getParentRoute: () => shell,
  path: '/quarantine',
  validateSearch: ({ open }): { open?: string } => (typeof open === 'string' ? { open } : {}),
  component: lazyRouteComponent(load.quarantine, 'Quarantine'),
});
const runs = createRoute({
  getParentRoute: () => shell,
  path: '/runs',
  component: lazyRouteComponent(load.runs, 'Runs'),
});
const run = createRoute({
  getParentRoute: () => shell,
  path: '/runs/$id',
  component: lazyRouteComponent(load.runPage, 'RunPage'),
});
const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  validateSearch: ({ run, stream }): { run?: string; stream?: string } => ({
    ...(typeof run === 'string' && { run }),
    ...(typeof stream === 'string' && { stream }),
  }),
  component: lazyRouteComponent(load.audit, 'Audit'),
});
const event = createRoute({
  getParentRoute: () => shell,
  path: '/audit/$position',
  component: lazyRouteComponent(load.eventPage, 'EventPage'),
});
const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(load.settings, 'Settings'),
});
const connect = createRoute({
  getParentRoute: () => shell,
  path: '/settings/connect',
  component: lazyRouteComponent(load.connect, 'Connect'),
});
const connection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/connections/$id',
  component: lazyRouteComponent(load.connectionPage, 'ConnectionPage'),
});

const pages = [dashboard, leads, lead, bookings, quarantine, runs, run, audit, event, settings, connect];

export const router = createRouter({
  routeTree: root.addChildren([signIn, shell.addChildren([...pages, connection])]),
  defaultPreload: 'intent',
  defaultErrorComponent: Broken,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
