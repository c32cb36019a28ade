import {
  Outlet,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { Nowhere } from './nowhere.tsx';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';

// Each address stands in src/modules/console/console.controller.ts, too: the service answers no other with this page.
const root = createRootRoute({ component: Outlet, notFoundComponent: Nowhere });
const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignIn });
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const dashboard = createRoute({
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('./dashboard/dashboard.tsx'), 'Dashboard'),
});
const leads = createRoute({
  getParentRoute: () => shell,
  path: '/leads',
  component: lazyRouteComponent(() => import('./leads/leads.tsx'), 'Leads'),
});
const lead = createRoute({
  getParentRoute: () => shell,
  path: '/leads/$id',
  validateSearch: ({ asOf }): { asOf?: number } =>
    typeof asOf === 'number' && Number.isSafeInteger(asOf) && asOf > 0 ? { asOf } : {},
  component: lazyRouteComponent(() => import('./leads/lead.tsx'), 'LeadPage'),
});
const bookings = createRoute({
  getParentRoute: () => shell,
  path: '/bookings',
  component: lazyRouteComponent(() => import('./bookings/bookings.tsx'), 'Bookings'),
});
const quarantine = createRoute({
  getParentRoute: () => shell,
  path: '/quarantine',
  validateSearch: ({ open }): { open?: string } => (typeof open === 'string' ? { open } : {}),
  component: lazyRouteComponent(() => import('./quarantine/quarantine.tsx'), 'Quarantine'),
});
const runs = createRoute({
  getParentRoute: () => shell,
  path: '/runs',
  component: lazyRouteComponent(() => import('./runs/runs.tsx'), 'Runs'),
});
const run = createRoute({
  getParentRoute: () => shell,
  path: '/runs/$id',
  component: lazyRouteComponent(() => import('./runs/run.tsx'), 'RunPage'),
});
const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  component: lazyRouteComponent(() => import('./audit/audit.tsx'), 'Audit'),
});
const event = createRoute({
  getParentRoute: () => shell,
  path: '/audit/$position',
  component: lazyRouteComponent(() => import('./audit/event.tsx'), 'EventPage'),
});
const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('./settings/settings.tsx'), 'Settings'),
});
const connect = createRoute({
  getParentRoute: () => shell,
  path: '/settings/connect',
  component: lazyRouteComponent(() => import('./settings/connect.tsx'), 'Connect'),
});
const connection = createRoute({
  getParentRoute: () => shell,
  path: '/settings/connections/$id',
  component: lazyRouteComponent(() => import('./settings/connection.tsx'), 'ConnectionPage'),
});

const pages = [dashboard, leads, lead, bookings, quarantine, runs, run, audit, event, settings, connect];

export const router = createRouter({
  routeTree: root.addChildren([signIn, shell.addChildren([...pages, connection])]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
